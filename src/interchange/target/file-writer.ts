// Writes a file from its beginning, few large writes for many small ones, with the way back that a body needs which has
// to be written anew.
import { type FileHandle, open } from "node:fs/promises";

/** What is written into a part of a file. */
export interface BodyWriter {
  write(chunk: Buffer): Promise<void>;
  /** Takes back all that was written. */
  rewind(): void;
}

export interface FileWriter extends AsyncDisposable {
  /** The file; what was written is in it after `flush`. */
  readonly file: FileHandle;
  /** Where the next byte goes. */
  position(): number;
  write(chunk: Buffer): Promise<void>;
  /** Writes on from a position that was one: what is behind it is given up. */
  backTo(position: number): void;
  /** Replaces bytes that one `write` wrote. */
  replace(position: number, bytes: Buffer): Promise<void>;
  /** Brings to the file all that was written, and cuts off what is behind it. */
  flush(): Promise<void>;
}

/** Bytes that are gathered before they are written. */
const gatheredBytes = 1024 ** 2;

/** Makes a file, mode 0600. @param path where nothing is yet */
export async function createFile(path: string): Promise<FileWriter> {
  const file = await open(path, "wx+", 0o600);
  const buffer = Buffer.allocUnsafe(gatheredBytes);
  let written = 0;
  let gathered = 0;
  const writeOut = async () => {
    await writeAll(file, buffer.subarray(0, gathered), written);
    written += gathered;
    gathered = 0;
  };
  return {
    file,
    position: () => written + gathered,
    async write(chunk) {
      if (gathered + chunk.length > gatheredBytes) await writeOut();
      if (chunk.length > gatheredBytes) {
        await writeAll(file, chunk, written);
        written += chunk.length;
      } else gathered += chunk.copy(buffer, gathered);
    },
    backTo(position) {
      if (position >= written) gathered = position - written;
      else [written, gathered] = [position, 0];
    },
    async replace(position, bytes) {
      if (position >= written) bytes.copy(buffer, position - written);
      else await writeAll(file, bytes, position);
    },
    async flush() {
      await writeOut();
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
