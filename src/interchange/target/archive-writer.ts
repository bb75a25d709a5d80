// Writes a tar archive of regular files into a file. An entry may be written before its path and size are known: room
// is left for its header, so that nothing large is written twice.
import { digestFile } from "../../disk/index.js";
import type { Digest } from "../../layer/index.js";
import { endOfArchive } from "../../layer/index.js";
import { fileHeaderBytes, formatFileHeader, paddingOf } from "./archive-header.js";
import { type BodyWriter, createFile } from "./file-writer.js";

export interface ArchiveWriter extends AsyncDisposable {
  /** Adds a file of which all is there. */
  add(path: string, content: string | Buffer): Promise<void>;
  /**
   * Adds a file whose body `write` writes.
   * @param write gives the path it is to have, or undefined to leave it out
   */
  addWritten(write: (body: BodyWriter) => Promise<string | undefined>): Promise<void>;
  /** Ends the archive, durably. @returns its size in bytes, and the sha256 of all of it */
  finish(signal?: AbortSignal | undefined): Promise<{ readonly bytes: number; readonly digest: Digest }>;
}

/** Room for a header that is not known yet. */
const room = Buffer.alloc(fileHeaderBytes);

/**
 * Makes an archive, mode 0600. The same entries in the same order give the same bytes.
 * @param path where nothing is yet
 */
export async function createArchive(path: string): Promise<ArchiveWriter> {
  const out = await createFile(path);
  const addWritten: ArchiveWriter["addWritten"] = async (write) => {
    const begin = out.position();
    await out.write(room);
    const path = await write({ write: out.write, rewind: () => out.backTo(begin + room.length) });
    if (path === undefined) return out.backTo(begin);
    const size = out.position() - begin - room.length;
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
      await out.file.sync();
      return { bytes: out.position(), digest: await digestFile(out.file, signal) };
    },
    [Symbol.asyncDispose]: out[Symbol.asyncDispose],
  };
}
