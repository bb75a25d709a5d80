// The compressed forms of a layer that are known by their digests, kept beside it in `blobs.json`: where one of them lies
// already, the layer need not be compressed to be named. Without the file nothing is lost but time.
import { imageEntries, readPlainFile, replaceFile, withLock } from "../disk/index.js";

/** A compressed form of a layer. */
export interface KnownBlob {
  /** The digest of the tar in it. */
  readonly diffId: string;
  readonly compression: "gzip" | "zstd";
  /** The digest of the compressed bytes. */
  readonly digest: string;
  /** Their number. */
  readonly size: number;
  /** Whether this program made it of the layer, and so can make it again; false for a form in which it came. */
  readonly isMade: boolean;
}

/** How many forms of a layer are kept; the oldest go. */
const mostKept = 8;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Where an image keeps the known forms of its layer. */
export function blobsPath(imageDirectory: string): string {
  return `${imageDirectory}/${imageEntries.blobs}`;
}

/** The text of a `blobs.json`. */
export function formatKnownBlobs(blobs: readonly KnownBlob[]): string {
  return JSON.stringify(
    blobs.map(({ diffId, compression, digest, size, isMade }) => ({
      diffId,
      compression,
      digest,
      size,
      made: isMade,
    })),
  );
}

/** Reads the known forms, the newest first; none from a file that is missing or damaged, or cannot be read. */
export function readKnownBlobs(imageDirectory: string): KnownBlob[] {
  try {
    const entries: unknown = JSON.parse(readPlainFile(blobsPath(imageDirectory))?.toString() ?? "");
    return Array.isArray(entries) ? entries.flatMap(readOne) : [];
  } catch {
    return [];
  }
}

/**
 * Adds a form, in place of what was known under its digest. The file is replaced under the lock of the image.
 * @throws the file system's `ENOENT` if the image is not there; `CANCELLED`
 */
export async function addKnownBlob(
  imageDirectory: string,
  blob: KnownBlob,
  signal?: AbortSignal | undefined,
): Promise<void> {
  await withLock(
    imageDirectory,
    async () => {
      const others = readKnownBlobs(imageDirectory).filter(({ digest }) => digest !== blob.digest);
      await replaceFile(blobsPath(imageDirectory), formatKnownBlobs([blob, ...others].slice(0, mostKept)));
    },
    signal,
  );
}

function readOne(entry: unknown): KnownBlob[] {
  if (typeof entry !== "object" || entry === null) return [];
  const { diffId, compression, digest, size, made } = entry as Record<string, unknown>;
  const isDigest = (value: unknown): value is string =>
    typeof value === "string" && digestPattern.test(value);
  if (!isDigest(diffId) || !isDigest(digest) || !Number.isSafeInteger(size)) return [];
  if (compression !== "gzip" && compression !== "zstd") return [];
  return [{ diffId, compression, digest, size: size as number, isMade: made === true }];
}
