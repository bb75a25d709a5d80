// Finds the files of a tar archive: reads the headers and skips the bodies. Nothing is written to the disk, but names
// are checked, and understood, as those of a layer.
import type { FileHandle } from "node:fs/promises";
import { ioError } from "../../../disk/index.js";
import { checkName, quoteName, type WalkedEntry, walkTar } from "../../../layer/index.js";
import { StevedoreError, throwIfAborted } from "../../../terms/index.js";
import { followLinks } from "./files.js";

/** An entry of an archive. A file has the offset and the size of its bytes. */
type ArchiveEntry =
  | { readonly kind: "file"; readonly start: number; readonly size: number }
  | { readonly kind: "symlink"; readonly target: string }
  | { readonly kind: "other" };

/** The entries by name. Names are latin1 strings without `.` and empty parts. */
export type ArchiveIndex = ReadonlyMap<string, ArchiveEntry>;

/** How many entries an archive may have. A thousand images with a hundred layers each come near it. */
const mostEntries = 500_000;
/** The largest size of all names together, in bytes: they are held in memory. */
const mostNameBytes = 64 * 1024 * 1024;
/** How many bytes are read at a time: small files, of which an image has many, fit in with their headers. */
const windowBytes = 64 * 1024;

/**
 * Reads the index of an archive. If several entries have the same name the last one counts, as when tar unpacks them. A
 * hard link is the file that had the name of its target when the link was read.
 * @param size the size of the archive, in bytes
 * @returns the entries; and whether the archive lacks the blocks that mark its end, so that it may not be whole
 * @throws `BAD_ARCHIVE`, `UNSAFE_ENTRY`, `LIMIT_EXCEEDED`, `CANCELLED`, `INTERNAL`
 */
export async function indexArchive(
  file: FileHandle,
  size: number,
  signal?: AbortSignal | undefined,
): Promise<{ readonly entries: ArchiveIndex; readonly lacksEnd: boolean }> {
  const entries = new Map<string, ArchiveEntry>();
  const read = openWindow(file, size, signal);
  let nameBytes = 0;

  async function add({ entry, header, extended, headerEnd: start, size: bytes }: WalkedEntry): Promise<void> {
    const { kind, name } = entry;
    const target = "target" in entry ? entry.target : "";
    const path = checkName(name, name).join("/");
    nameBytes += path.length + target.length;
    if (entries.size >= mostEntries || nameBytes > mostNameBytes) {
      throw tooMuch(`the archive has more than ${mostEntries} entries, or too long names`);
    }
    if (start + bytes > size) throw bad(`the archive is cut short: it ends inside ${quoteName(name)}`);
    if (header.type === "S" || extended.pax?.sparseSize !== undefined) {
      throw bad(`${quoteName(name)} is sparse, and files of an image never are`);
    }
    if (kind === "file") entries.set(path, { kind, start, size: bytes });
    else if (kind === "symlink") entries.set(path, { kind, target });
    else if (kind === "hardlink") entries.set(path, await linked(entries, name, target));
    // A directory may have been named before by what lies in it.
    else if (path !== "") entries.set(path, { kind: "other" });
  }

  const met: WalkedEntry[] = [];
  const walk = walkTar({ entry: (walked) => met.push(walked) });
  while (!walk.ended) {
    // One part at a time, so that bodies are not read, nor anything behind the end of the archive.
    const part = await read(walk.position, walk.wanted);
    if (part.length === 0 && walk.position > 0 && walk.missingEnd() > 0) return { entries, lacksEnd: true };
    if (part.length === 0) walk.finish();
    walk.accept(part);
    for (const walked of met.splice(0)) await add(walked);
    walk.skipBody();
  }
  return { entries, lacksEnd: false };
}

async function linked(
  entries: Map<string, ArchiveEntry>,
  name: string,
  target: string,
): Promise<ArchiveEntry> {
  checkName(target, name);
  const { node } = await followLinks(target, (path) => entries.get(path));
  if (node?.kind === "file") return node;
  throw bad(`${quoteName(name)} is a hard link to ${quoteName(target)}, which is not a file before it`);
}

/**
 * Returns a function that reads at any offset, from a window in memory if it can. At the end of the file it returns
 * less.
 */
function openWindow(file: FileHandle, size: number, signal: AbortSignal | undefined) {
  let start = 0;
  let window: Buffer = Buffer.alloc(0);
  return async (at: number, length: number): Promise<Buffer> => {
    if (at < start || at + length > start + window.length) {
      throwIfAborted(signal);
      const wanted = Math.max(0, Math.min(Math.max(length, windowBytes), size - at));
      window = await readFully(file, at, wanted);
      start = at;
    }
    return window.subarray(at - start, at - start + length);
  };
}

async function readFully(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  let done = 0;
  try {
    while (done < length) {
      const { bytesRead } = await file.read(buffer, done, length - done, at + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
  } catch (error) {
    throw ioError(error, "the archive cannot be read");
  }
  return buffer.subarray(0, done);
}

function bad(message: string): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", message);
}

function tooMuch(message: string): StevedoreError {
  return new StevedoreError("LIMIT_EXCEEDED", message);
}
