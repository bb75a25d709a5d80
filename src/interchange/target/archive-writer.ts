// Writes a tar archive of regular files. The body of an entry may be written before its path and size are known: space
// is reserved for the header, so that no large body is written twice.
import { digestFile } from "../../disk/index.js";
import type { Digest } from "../../layer/index.js";
import { endOfArchive } from "../../layer/index.js";
import { fileHeaderBytes, formatFileHeader, paddingOf } from "./archive-header.js";
import { type BodyWriter, createFile } from "./file-writer.js";

/** An archive that is being written. */
export interface ArchiveWriter extends AsyncDisposable {
  /** Adds a file whose content is known. */
  add(path: string, content: string | Buffer): Promise<void>;
  /**
   * Adds a file whose body `write` writes.
   * @param write returns the path of the file in the archive, or undefined to leave the file out
   */
  addWritten(write: (body: BodyWriter) => Promise<string | undefined>): Promise<void>;
  /** Ends the archive and syncs it to the disk. @returns the size and the sha256 of the archive */
  finish(signal?: AbortSignal | undefined): Promise<{ readonly bytes: number; readonly digest: Digest }>;
}

/** Reserves the space of a header that is not known yet. */
const headerSpace = Buffer.alloc(fileHeaderBytes);

/**
 * Creates an archive, mode 0600. The same entries in the same order give the same bytes.
 * @param path must not exist yet
 */
export async function createArchive(path: string): Promise<ArchiveWriter> {
  const out = await createFile(path);
  const addWritten: ArchiveWriter["addWritten"] = async (write) => {
    const begin = out.position();
    await out.write(headerSpace);
    const path = await write({ write: out.write, rewind: () => out.backTo(begin + headerSpace.length) });
    if (path === undefined) return out.backTo(begin);
    const size = out.position() - begin - headerSpace.length;
    await out.write(paddingOf(size));
    await out.replace(begin, formatFileHeader(path, size));
  };
  return {
    add: (path, content) =>
      addWritten(async ({ write }) => {
        await write(Buffer.from(content));
        return path;
      }),
    addWritten,
    async finish(signal) {
      await out.write(endOfArchive);
      await out.flush();
      // It is hashed while the disk is waited for.
      const [digest] = await Promise.all([digestFile(out.file, signal), out.file.sync()]);
      return { bytes: out.position(), digest };
    },
    [Symbol.asyncDispose]: out[Symbol.asyncDispose],
  };
}
