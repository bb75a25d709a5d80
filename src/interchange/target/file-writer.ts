// Writes a file sequentially through a buffer. The end of the file can be taken back and written again.
import { type FileHandle, open } from "node:fs/promises";

/** Writes the body of one entry. */
export interface BodyWriter {
  write(chunk: Buffer): Promise<void>;
  /** Takes back everything that was written. */
  rewind(): void;
}

/** A file that is being written. */
interface FileWriter extends AsyncDisposable {
  /** The file. It holds everything that was written once `flush` has run. */
  readonly file: FileHandle;
  /** The offset of the next byte. */
  position(): number;
  write(chunk: Buffer): Promise<void>;
  /** Continues at an earlier position, and drops what was written behind it. */
  backTo(position: number): void;
  /** Replaces bytes that one call of `write` wrote. */
  replace(position: number, bytes: Buffer): Promise<void>;
  /** Writes the buffer to the file, and truncates the file there. */
  flush(): Promise<void>;
}

/** The size of the buffer. */
const bufferBytes = 1024 ** 2;

/** Creates a file, mode 0600. @param path must not exist yet */
export async function createFile(path: string): Promise<FileWriter> {
  const file = await open(path, "wx+", 0o600);
  const buffer = Buffer.allocUnsafe(bufferBytes);
  let written = 0;
  let buffered = 0;
  const flushBuffer = async () => {
    await writeAll(file, buffer.subarray(0, buffered), written);
    written += buffered;
    buffered = 0;
  };
  return {
    file,
    position: () => written + buffered,
    async write(chunk) {
      if (buffered + chunk.length > bufferBytes) await flushBuffer();
      if (chunk.length > bufferBytes) {
        await writeAll(file, chunk, written);
        written += chunk.length;
      } else buffered += chunk.copy(buffer, buffered);
    },
    backTo(position) {
      if (position >= written) buffered = position - written;
      else [written, buffered] = [position, 0];
    },
    async replace(position, bytes) {
      if (position >= written) bytes.copy(buffer, position - written);
      else await writeAll(file, bytes, position);
    },
    async flush() {
      await flushBuffer();
      await file.truncate(written);
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
