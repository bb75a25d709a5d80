// Opens a file of an image to read its bytes.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import { ioError } from "../disk/index.js";
import { joinPath } from "../layer/index.js";
import { StevedoreError } from "../terms/index.js";
import type { ImageContents } from "./image-contents.js";
import { quotePath, spell, spellPath } from "./path-spelling.js";
import { resolve } from "./resolve.js";

/** A file that is open. Whoever has it disposes of it. */
interface LayerFile extends AsyncDisposable {
  /** In bytes. */
  readonly size: number;
  /** The bytes from `start` up to but not including `end`. Throws `INTERNAL` if the file has become shorter. */
  readPiece(start: number, end: number): Promise<Buffer>;
}

/** A file of an image that is open. */
export interface OpenedFile extends AsyncDisposable {
  /** Where it lies, spelled: the path without symbolic links. */
  readonly path: string;
  /** Its last name, spelled. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** An entity tag: the same for the same bytes, because a layer never changes under its id. */
  readonly tag: string;
  /** Yields its bytes from `start` up to but not including `end`. Memory is flat. */
  read(start?: number, end?: number): AsyncGenerator<Buffer, void, undefined>;
}

/** How much is read at a time. */
const pieceBytes = 256 * 1024;

/**
 * Opens a regular file. Symbolic links are followed within the image.
 * @param path a latin1 string
 * @throws `FILE_NOT_FOUND`; `NOT_A_FILE` for a directory, a device or links in a circle; `NOT_A_DIRECTORY`;
 * `IMAGE_BROKEN` if the layer no longer has it as it was; `INTERNAL`, `NEEDS_ROOT`
 */
export async function openFile(contents: ImageContents, path: string): Promise<OpenedFile> {
  const { path: found, seen } = resolve(contents, path, true);
  const { type, mtime } = seen.node;
  if (type !== "file") {
    throw new StevedoreError("NOT_A_FILE", `${quotePath(found)} is a ${typeNames[type]}, not a file`);
  }
  const file = await openLayerFile(contents, seen.layer, found);
  const identity = [contents.layers[seen.layer]?.image.id, found, file.size, mtime].join("\n");
  async function* read(start = 0, end = file.size) {
    for (let at = start; at < end; at += pieceBytes) yield file.readPiece(at, Math.min(at + pieceBytes, end));
  }
  return {
    path: spellPath(found),
    name: spell(found.slice(found.lastIndexOf("/") + 1)),
    size: file.size,
    tag: `"${createHash("sha256").update(identity, "latin1").digest("base64url")}"`,
    read,
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

/**
 * Opens what is a regular file of a layer.
 * @param layer its position, 0 on top
 * @param path a latin1 string without a symbolic link on the way
 * @throws `IMAGE_BROKEN` if the layer no longer has it as it was; `INTERNAL`, `NEEDS_ROOT`
 */
export async function openLayerFile(
  { layers }: ImageContents,
  layer: number,
  path: string,
): Promise<LayerFile> {
  const image = layers[layer]?.image;
  if (image === undefined) throw new Error(`there is no layer ${layer}`);
  const shown = quotePath(path);
  const handle = await openWithin(image.layerDirectory, path);
  const stats = await handle?.stat();
  if (handle === undefined || stats?.isFile() !== true) {
    await handle?.close();
    throw new StevedoreError(
      "IMAGE_BROKEN",
      `the layer of image ${image.id} no longer has ${shown} as it was`,
    );
  }
  return {
    size: stats.size,
    async readPiece(start, end) {
      const piece = Buffer.allocUnsafe(end - start);
      for (let done = 0; done < piece.length; ) {
        const { bytesRead } = await handle.read(piece, done, piece.length - done, start + done);
        if (bytesRead === 0)
          throw new StevedoreError("INTERNAL", `${shown} has become shorter while it was read`);
        done += bytesRead;
      }
      return piece;
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

const typeNames = {
  ...{ directory: "directory", symlink: "symbolic link", character: "character device" },
  ...{ block: "block device", fifo: "named pipe", socket: "socket" },
} as const;

/**
 * Opens what lies at a path of a directory. The tree of names may come from a manifest, and somebody may have put a link
 * in the place of a directory since: undefined for what was reached by one.
 */
async function openWithin(directory: string, path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  let handle: FileHandle;
  try {
    const base = await realpath(directory, { encoding: "buffer" });
    const place = joinPath(base, path);
    handle = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    // Where the kernel says that it lies.
    const where = await readlink(`/proc/self/fd/${handle.fd}`, { encoding: "buffer" });
    if (where.equals(place)) return handle;
    await handle.close();
    return undefined;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw ioError(error, `${quotePath(path)} cannot be read`);
  }
}

function isGone(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "ELOOP"].includes(String(error.code))
  );
}
