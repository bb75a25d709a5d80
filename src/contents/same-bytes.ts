// Compares two files of images byte by byte.
import type { ImageContents } from "./image-contents.js";
import { openLayerFile } from "./open-file.js";

/** A file of a layer. */
export interface FilePlace {
  readonly contents: ImageContents;
  /** The layer's position, 0 on top. */
  readonly layer: number;
  /** A latin1 string. */
  readonly path: string;
}

/** How much of each is read at a time. */
const pieceBytes = 256 * 1024;

/** @throws as `openLayerFile`, and `INTERNAL` for what cannot be read */
export async function hasSameBytes(one: FilePlace, other: FilePlace): Promise<boolean> {
  await using first = await openLayerFile(one.contents, one.layer, one.path);
  await using second = await openLayerFile(other.contents, other.layer, other.path);
  if (first.size !== second.size) return false;
  for (let at = 0; at < first.size; at += pieceBytes) {
    const end = Math.min(at + pieceBytes, first.size);
    const [mine, yours] = await Promise.all([first.readPiece(at, end), second.readPiece(at, end)]);
    if (!mine.equals(yours)) return false;
  }
  return true;
}
