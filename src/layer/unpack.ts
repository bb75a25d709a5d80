// Turns an archive into a directory. In one pass it is decompressed, inspected, hashed, and written by GNU tar.
import { createHash, type Hash } from "node:crypto";
import { addAbortSignal, type Readable, type Writable } from "node:stream";
import { start, tools } from "../host/index.js";
import { type Compression, cancelled, StevedoreError, throwIfAborted } from "../terms/index.js";
import { assertKept, createPromises, findRefusedStat, type Promises } from "./attributes/index.js";
import { compressionOf, decompress } from "./compression.js";
import { extractionOptions } from "./extraction-options.js";
import { createHeldBytes } from "./held-bytes.js";
import { type ArchiveSplit, beginSplit } from "./split/index.js";
import { takeHead } from "./take-head.js";
import {
  type ArchiveInspector,
  createArchiveInspector,
  quoteName,
  resetDirectories,
  type UnfinishedLayer,
  type UnpackLimits,
} from "./tar/index.js";

export type { UnpackLimits } from "./tar/index.js";

export interface UnpackOptions {
  readonly limits: UnpackLimits;
  /**
   * Where this process is not root: give all files to its user instead of refusing. File capabilities are lost then.
   */
  readonly allowSquash?: boolean | undefined;
  /**
   * Tells by the diffID whether an archive is whole that ends behind its last entry, without the zeros that mark an end, as
   * umoci's `insert` writes them, or that has no bytes at all, as old versions of Docker wrote a layer that is empty.
   * Without it, nothing tells such an archive from one that was cut short.
   */
  readonly isWhole?: ((diffId: string) => boolean) | undefined;
  /**
   * Where to write, in the same pass, by what `assembleArchive` makes the archive again: a path where nothing lies yet.
   * Nothing is left there where that cannot be done, nor after an error.
   */
  readonly splitPath?: string | undefined;
  /** Opens the same archive again. It is called where the archive replaces a file that it has made itself. */
  readonly reopen?: (() => Promise<Readable>) | undefined;
  /** Brings what hard links of the archive need of the layers below. Without it their targets are in the archive. */
  readonly copyUp?: CopyUp | undefined;
  /** Called with the number of bytes of `source` that were read so far, before decompression. */
  readonly onProgress?: ((bytesRead: number) => void) | undefined;
}

/**
 * Yields the entries that an archive's hard links into layers below stand for, and adds them to the layer.
 * @throws `BAD_ARCHIVE` naming a link whose target is nowhere
 */
export type CopyUp = (layer: UnfinishedLayer, signal: AbortSignal | undefined) => AsyncIterable<Buffer>;

/** What was unpacked. */
export interface Unpacked {
  /** The OCI diffID: the digest of the whole decompressed archive, including what stands behind its end. */
  readonly diffId: `sha256:${string}`;
  readonly compression: Compression;
  /** Entries of the archive; the directories it only implies are not counted. */
  readonly archiveEntries: number;
  /** Decompressed bytes of the archive. */
  readonly archiveBytes: number;
  /** Bytes of files of layers below that the archive has hard links to: they are in the layer, too. */
  readonly copiedBytes: number;
  readonly ownership: "kept" | "squashed";
  /** The directories that no entry names, as latin1 strings; `""` is the layer's root. */
  readonly impliedDirectories: readonly string[];
  /** Whether the archive can be made again by what lies at `splitPath`; undefined where none was asked for. */
  readonly isLossless: boolean | undefined;
}

/**
 * Unpacks an archive into a directory, exactly: owners by number, modes, times to the nanosecond, hard links,
 * devices, the xattrs `user.*` and `security.capability`. Every header is inspected before tar gets a byte of it, and
 * what the archive said is held against what is there then.
 *
 * @param source the archive, plain or compressed. Read to its end, and destroyed.
 * @param destination a fresh, empty directory; after an error it holds whatever was written until then.
 * @throws `BAD_ARCHIVE`, `UNSAFE_ENTRY`, `LIMIT_EXCEEDED`, `ATTRIBUTE_UNSUPPORTED`, `NEEDS_ROOT`, `NO_SPACE`,
 * `TOOL_MISSING`, `CANCELLED`; `INTERNAL` if the source cannot be read.
 */
export async function unpack(
  source: Readable,
  destination: string,
  options: UnpackOptions,
  signal?: AbortSignal | undefined,
): Promise<Unpacked> {
  // The source may fail after it was given up: that is nobody's concern.
  source.on("error", () => undefined);
  let split: ArchiveSplit | undefined;
  try {
    throwIfAborted(signal);
    if (signal !== undefined) addAbortSignal(signal, source);
    const ownership = decideOwnership(options.allowSquash ?? false);
    const { head, input } = await takeHead(readSource(source, options.onProgress, signal));
    const { isWhole = () => false } = options;
    const hash = createHash("sha256");
    // A layer that is empty may have no bytes at all, where it is known that it is.
    const compression = head.length === 0 && isWhole(diffIdOf(hash)) ? "none" : compressionOf(head);

    const { limits, reopen, splitPath, copyUp } = options;
    if (splitPath !== undefined) split = await beginSplit(splitPath);
    const promises = createPromises(ownership);
    const listeners = { onEntry: split?.place, onPlaced: promises.take };
    const inspector = createArchiveInspector(limits, { ...listeners, mayLinkBelow: copyUp !== undefined });
    const archive = decompress(input, compression, signal);
    const archiveBytes = await extract(
      archive,
      { inspector, promises, hash, split, destination, ownership, isWhole, copyUp },
      signal,
    );
    await assertKept(destination, promises, signal);
    const impliedDirectories = inspector.impliedDirectories();
    await resetDirectories(destination, impliedDirectories, { keepOwner: ownership === "squashed" }, signal);
    const diffId = diffIdOf(hash);
    const readAgain = reopen && (() => decompress(readAgainFrom(reopen, signal), compression, signal));
    return {
      diffId,
      isLossless: await split?.finish({ diffId, limits, readAgain }, signal),
      compression,
      archiveEntries: inspector.entries,
      archiveBytes,
      copiedBytes: inspector.addedBytes,
      ownership,
      impliedDirectories,
    };
  } finally {
    source.destroy();
    await split?.close();
  }
}

async function* readAgainFrom(reopen: () => Promise<Readable>, signal: AbortSignal | undefined) {
  const source = await reopen();
  try {
    yield* readSource(source, undefined, signal);
  } finally {
    source.destroy();
  }
}

/** The digest of what was hashed so far. */
function diffIdOf(hash: Hash): Unpacked["diffId"] {
  return `sha256:${hash.copy().digest("hex")}`;
}

function decideOwnership(allowSquash: boolean): Unpacked["ownership"] {
  if (process.geteuid?.() === 0) return "kept";
  if (allowSquash) return "squashed";
  throw new StevedoreError("NEEDS_ROOT", "only root can keep the owners of a layer's files");
}

/** The source's chunks. Its errors become `INTERNAL`, or `CANCELLED` where the signal caused them. */
async function* readSource(source: Readable, onProgress: UnpackOptions["onProgress"], signal?: AbortSignal) {
  let bytesRead = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytesRead += chunk.length;
      onProgress?.(bytesRead);
      yield chunk;
    }
  } catch (error) {
    if (signal?.aborted) throw cancelled(signal);
    if (error instanceof StevedoreError) throw error;
    throw new StevedoreError("INTERNAL", `the archive cannot be read: ${String(error)}`, { cause: error });
  }
}

interface Extraction {
  readonly inspector: ArchiveInspector;
  readonly promises: Promises;
  readonly hash: Hash;
  readonly split: ArchiveSplit | undefined;
  readonly destination: string;
  readonly ownership: Unpacked["ownership"];
  readonly isWhole: (diffId: string) => boolean;
  readonly copyUp: CopyUp | undefined;
}

/**
 * Passes the archive through the inspector and the hash to tar. When it returns, tar has ended.
 * @returns how many bytes there were
 */
async function extract(
  archive: AsyncIterable<Buffer>,
  { inspector, promises, hash, split, destination, ownership, isWhole, copyUp }: Extraction,
  signal: AbortSignal | undefined,
): Promise<number> {
  const over = new AbortController();
  const stop = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  const tar = start(tools.tar, extractionOptions(destination, ownership), {
    failure: "BAD_ARCHIVE",
    signal: stop,
  });
  tar.stdout.resume();
  const held = createHeldBytes();
  const pass = async (chunk: Buffer) => {
    // tar gets nothing of what stands behind the archive's end.
    const hadEnded = inspector.ended;
    if (!hadEnded) held.push(chunk);
    inspector.accept(chunk);
    refuseDevice(inspector, ownership);
    held.edit(inspector.takeEdits());
    await send(held.release(inspector.cleared));
    if (!inspector.ended || hadEnded) return;
    if (copyUp !== undefined && inspector.unfinished !== undefined) {
      for await (const piece of copyUp(inspector.unfinished, signal)) await send([piece]);
    }
    for (const piece of inspector.end()) await send([piece]);
  };
  const send = async (pieces: readonly Buffer[]) => {
    if (await writeAll(tar.stdin, pieces)) return;
    await tar.done;
    throw new StevedoreError("INTERNAL", "tar ended before its input did");
  };
  let bytes = 0;
  try {
    for await (const chunk of archive) {
      // tar works on the chunk while it is hashed.
      const passing = pass(chunk);
      bytes += chunk.length;
      hash.update(chunk);
      await Promise.all([passing, split?.accept(chunk)]);
    }
    const missing = inspector.missingEnd();
    if (missing > 0 && isWhole(diffIdOf(hash))) await pass(Buffer.alloc(missing));
    inspector.finish();
    tar.stdin.end();
    await tar.done.catch((error: unknown) => {
      // The archive is right. What tar says of it may be that the disk does not take an owner, for one.
      const isOfTar = error instanceof StevedoreError && error.code === "BAD_ARCHIVE" && !isShortWrite(error);
      throw (isOfTar && findRefusedStat(destination, promises)) || error;
    });
    return bytes;
  } catch (error) {
    throw isShortWrite(error) ? new StevedoreError("NO_SPACE", error.message, { cause: error }) : error;
  } finally {
    over.abort();
    await tar.done.catch(() => undefined);
  }
}

/** GNU tar's words for a disk that filled up in the middle of a block: there it does not tell the kernel's error. */
function isShortWrite(error: unknown): error is StevedoreError {
  return error instanceof StevedoreError && /: Wrote only \d+ of \d+ bytes/.test(error.message);
}

function refuseDevice({ firstDevice }: ArchiveInspector, ownership: Unpacked["ownership"]): void {
  if (ownership === "kept" || firstDevice === undefined) return;
  throw new StevedoreError("NEEDS_ROOT", `${quoteName(firstDevice)} is a device, which only root can make`);
}

/** Writes, and waits until all was taken. False if the reader is gone. */
async function writeAll(stream: Writable, pieces: readonly Buffer[]): Promise<boolean> {
  const last = pieces.at(-1);
  if (last === undefined) return true;
  // All of them go to the kernel in one call. Where one fails, the last one does too.
  stream.cork();
  for (const piece of pieces.slice(0, -1)) stream.write(piece);
  const written = new Promise<boolean>((resolve) => stream.write(last, (error) => resolve(!error)));
  stream.uncork();
  return await written;
}
