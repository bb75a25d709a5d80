// The tar-split of an archive that is being unpacked.
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { throwIfAborted } from "../../terms/index.js";
import { createArchiveInspector, type UnpackLimits } from "../tar/index.js";
import { findKeptBodies, knownKeptBodies, type ReplacedNames } from "./kept-bodies.js";
import { openSplitWriter, type SplitWriter } from "./split-writer.js";

/** A tar-split that is being written. */
export interface ArchiveSplit extends Pick<SplitWriter, "place" | "accept"> {
  /**
   * Completes the file, where there can be one.
   * @returns whether the archive can be made again by it; if not, no file is left
   * @throws `NO_SPACE`, `INTERNAL`, `CANCELLED`; what reading the archive throws
   */
  finish(archive: SplitArchive, signal: AbortSignal | undefined): Promise<boolean>;
  /** To be called in any case. What was not finished is removed. */
  close(): Promise<void>;
}

/** The archive, when it was read. */
export interface SplitArchive {
  readonly diffId: string;
  readonly limits: UnpackLimits;
  /** Reads its decompressed bytes again; undefined where that cannot be done. */
  readonly readAgain: (() => AsyncIterable<Buffer>) | undefined;
}

/**
 * Begins the tar-split of an archive, at a path where nothing lies yet. It is written while the archive goes by, unless
 * a later entry replaces a file: then that file's content is no longer there to be read, and is kept in the tar-split, for
 * which the archive is read again.
 * @throws `NO_SPACE`, `INTERNAL`
 */
export async function beginSplit(path: string): Promise<ArchiveSplit> {
  const bodies = findKeptBodies();
  const writer = await openSplitWriter(path, bodies);
  let isLossless = false;
  return {
    place: writer.place,
    accept: writer.accept,
    async finish({ diffId, limits, readAgain }, signal) {
      if (bodies.replaced === undefined) {
        isLossless = await writer.finish();
      } else if (readAgain !== undefined && !bodies.isTooMany) {
        await rm(path);
        const found = await splitAgain(path, readAgain(), { limits, replaced: bodies.replaced }, signal);
        // The archive may have changed meanwhile.
        isLossless = found === diffId;
      }
      return isLossless;
    },
    async close() {
      await writer[Symbol.asyncDispose]();
      if (!isLossless) await rm(path, { force: true });
    },
  };
}

/** Writes the tar-split of an archive by what is known of it. @returns its diffID; undefined if it would be too large */
async function splitAgain(
  path: string,
  archive: AsyncIterable<Buffer>,
  { limits, replaced }: { readonly limits: UnpackLimits; readonly replaced: ReplacedNames },
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  await using writer = await openSplitWriter(path, knownKeptBodies(replaced));
  const inspector = createArchiveInspector(limits, { onEntry: writer.place, mayLinkBelow: true });
  const hash = createHash("sha256");
  for await (const chunk of archive) {
    throwIfAborted(signal);
    inspector.accept(chunk);
    inspector.takeEdits();
    hash.update(chunk);
    await writer.accept(chunk);
  }
  return (await writer.finish()) ? `sha256:${hash.digest("hex")}` : undefined;
}
