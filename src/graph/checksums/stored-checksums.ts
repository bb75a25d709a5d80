// The checksums of an image that were computed already, by recipe: its `checksum.json`.

import {
  createStampedMemory,
  imageEntries,
  ioError,
  readPlainFile,
  readStamp,
  replaceFile,
  withLock,
} from "../../disk/index.js";
import { isErrno } from "../../terms/index.js";

/** A checksum as it was computed. The nulls are of one that came from Docker 0.3, which kept nothing else. */
export interface StoredChecksum {
  readonly checksum: string;
  /** Digest of the canonical tar stream, before compression. */
  readonly tarDigest: string | null;
  readonly layerBytes: number | null;
  readonly archiveBytes: number | null;
  /** RFC 3339. */
  readonly computedAt: string | null;
}

export type StoredChecksums = Readonly<Record<string, StoredChecksum>>;

/** How many images' checksums are remembered: some 6 MB. */
const mostRemembered = 8_192;

/**
 * A `readChecksums` that remembers what it read for as long as the file's stamp proves that it has not changed, whoever
 * would have changed it: one look at the file then, instead of four.
 */
export function rememberChecksums(): (imageDirectory: string) => StoredChecksums {
  const memory = createStampedMemory<StoredChecksums>(mostRemembered);
  return (imageDirectory) => {
    const stamp = readStamp(checksumsPath(imageDirectory));
    if (stamp === undefined) return {};
    const known = memory.recall(imageDirectory, stamp);
    if (known !== undefined) return known;
    const read = readChecksums(imageDirectory);
    memory.note(imageDirectory, stamp, read);
    return read;
  };
}

/** The stored checksums of an image by recipe; none for a file that is missing or damaged: they can be recomputed. */
export function readChecksums(imageDirectory: string): StoredChecksums {
  try {
    return parseChecksums(readPlainFile(checksumsPath(imageDirectory))).checksums;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return {};
    throw ioError(error, `the checksums of ${imageDirectory} cannot be read`);
  }
}

/**
 * Reads the content of a checksum.json: the checksums that are valid, and whether all of them are.
 * @param bytes undefined for what is not a file
 */
export function parseChecksums(bytes: Buffer | undefined): {
  readonly checksums: StoredChecksums;
  readonly isWhole: boolean;
} {
  let content: unknown;
  try {
    content = JSON.parse(bytes?.toString() ?? "");
  } catch {
    return { checksums: {}, isWhole: false };
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return { checksums: {}, isWhole: false };
  }
  const entries = Object.entries(content);
  const good = entries.filter(([, entry]) => isStoredChecksum(entry));
  return { checksums: Object.fromEntries(good), isWhole: good.length === entries.length };
}

/**
 * Adds or replaces the checksum of one recipe, durably. The lock makes read, merge and rename one step, so that
 * of several processes that add to an image none undoes another's.
 * @throws the file system's `ENOENT` if the image is not there, `NO_SPACE`, `TOOL_MISSING`, `CANCELLED`
 */
export async function addChecksum(
  imageDirectory: string,
  recipe: string,
  { checksum, tarDigest, layerBytes, archiveBytes, computedAt }: StoredChecksum,
  signal?: AbortSignal | undefined,
): Promise<void> {
  const entry = { checksum, tarDigest, layerBytes, archiveBytes, computedAt };
  await withLock(
    imageDirectory,
    async () => {
      const merged = { ...readChecksums(imageDirectory), [recipe]: entry };
      await replaceFile(checksumsPath(imageDirectory), JSON.stringify(merged));
    },
    signal,
  );
}

/** Where an image keeps its checksums. */
export function checksumsPath(imageDirectory: string): string {
  return `${imageDirectory}/${imageEntries.checksums}`;
}

function isStoredChecksum(value: unknown): value is StoredChecksum {
  if (typeof value !== "object" || value === null) return false;
  const { checksum, tarDigest, layerBytes, archiveBytes, computedAt } = value as Record<string, unknown>;
  return (
    typeof checksum === "string" &&
    (tarDigest === null || typeof tarDigest === "string") &&
    (layerBytes === null || typeof layerBytes === "number") &&
    (archiveBytes === null || typeof archiveBytes === "number") &&
    (computedAt === null || typeof computedAt === "string")
  );
}
