// Opens the source that a job names. Job data is hostile and this process is root: a file is checked after it was opened,
// so that nothing can be exchanged in between.
import { constants, type FileHandle, open, readlink, realpath, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import type { LayerSource } from "../../jobs/index.js";
import { packCanonicalTar } from "../../layer/index.js";
import { isErrno, StevedoreError } from "../../terms/index.js";
import { openUrl, type UrlPolicy } from "./url-source.js";

/** The sources that jobs may read. */
export interface SourcePolicy extends UrlPolicy {
  /** Directories below which a `path` may lie. */
  readonly allowedRoots: readonly string[];
  /** The directory of uploads. */
  readonly inbox: string;
}

/** An open source, to be read once from its beginning. */
export interface OpenSource extends AsyncDisposable {
  readonly stream: Readable;
  /** Size in bytes; undefined if it is not known before the end. */
  readonly size: number | undefined;
  /** False for a directory, whose canonical tar this is. */
  readonly isArchive: boolean;
  /** Opens the same bytes again, from their beginning; undefined where they come but once. */
  readonly reopen?: (() => Promise<Readable>) | undefined;
  /** To be awaited when the stream was read to its end. @throws if what was read turns out to be wrong */
  finish(): Promise<void>;
}

/** Removes an upload whose job has ended. */
export async function removeUpload(source: LayerSource, policy: SourcePolicy): Promise<void> {
  if ("upload" in source) await rm(join(policy.inbox, source.upload), { force: true });
}

/**
 * Opens a source within the policy.
 * @throws `SOURCE_FORBIDDEN`, `SOURCE_NOT_FOUND`, `SOURCE_MISMATCH` (from `finish`), `CANCELLED`
 */
export async function openSource(
  source: LayerSource,
  policy: SourcePolicy,
  signal: AbortSignal,
): Promise<OpenSource> {
  if ("url" in source) return openUrl(source, policy, signal);
  const file = await openFile(source, policy);
  try {
    const stat = await file.stat();
    return stat.isDirectory() ? directorySource(file, signal) : fileSource(file, stat.size, signal);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Opens a source on this host within the policy, for reading anywhere in it.
 * @returns the handle of a regular file or a directory, which is the caller's
 * @throws `SOURCE_FORBIDDEN`, `SOURCE_NOT_FOUND`
 */
export async function openFile(
  source: Exclude<LayerSource, { readonly url: string }>,
  policy: SourcePolicy,
): Promise<FileHandle> {
  if ("upload" in source) {
    return openPath(join(policy.inbox, source.upload), [policy.inbox], `upload ${source.upload}`);
  }
  return openPath(resolve(source.path), policy.allowedRoots, source.path);
}

/** Linux's open(2) flag for a handle that names a file and opens nothing; Node has no constant for it. */
const O_PATH = 0o10000000;

async function openPath(path: string, allowedRoots: readonly string[], name: string): Promise<FileHandle> {
  const roots = await Promise.all(allowedRoots.map((root) => realpath(root).catch(() => resolve(root))));
  const isAllowed = (candidate: string) =>
    roots.some((root) => candidate === root || candidate.startsWith(root === "/" ? "/" : `${root}/`));
  const forbidden = () =>
    new StevedoreError(
      "SOURCE_FORBIDDEN",
      `${name} does not lie below a directory this worker may read (${roots.join(", ")}): start it with --allow-source`,
    );
  const lexicallyAllowed =
    isAllowed(path) || allowedRoots.some((root) => path.startsWith(`${resolve(root)}/`));
  if (!lexicallyAllowed) throw forbidden();

  // First a handle that cannot be read: to open a device may switch it on, and to open a fifo wakes its writer.
  const found = await openNamed(path, O_PATH, name);
  try {
    const at = `/proc/self/fd/${found.fd}`;
    if (!isAllowed(await readlink(at))) throw forbidden();
    const stat = await found.stat();
    if (!stat.isFile() && !stat.isDirectory()) {
      throw new StevedoreError("SOURCE_FORBIDDEN", `${name} is neither a file nor a directory`);
    }
    // Opens what the handle names, wherever the path leads by now.
    return await openNamed(at, constants.O_RDONLY | constants.O_NONBLOCK, name);
  } finally {
    await found.close();
  }
}

async function openNamed(path: string, flags: number, name: string): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR"))
      throw new StevedoreError("SOURCE_NOT_FOUND", `${name} does not exist`);
    if (isErrno(error, "EACCES", "EPERM", "ELOOP", "ENXIO")) {
      throw new StevedoreError("SOURCE_FORBIDDEN", `${name} cannot be read: ${error.message}`);
    }
    throw error;
  }
}

function fileSource(file: FileHandle, size: number, signal: AbortSignal): OpenSource {
  const open = () =>
    file.createReadStream({ start: 0, highWaterMark: 1024 * 1024, autoClose: false, signal });
  const stream = open();
  return {
    stream,
    size,
    isArchive: true,
    reopen: async () => open(),
    finish: async () => undefined,
    async [Symbol.asyncDispose]() {
      stream.on("error", () => undefined);
      stream.destroy();
      await file.close();
    },
  };
}

function directorySource(directory: FileHandle, signal: AbortSignal): OpenSource {
  // By the descriptor of the open directory: the path could lead elsewhere by now.
  const packing = new AbortController();
  const { stdout, done } = packCanonicalTar(
    `/proc/${process.pid}/fd/${directory.fd}`,
    AbortSignal.any([signal, packing.signal]),
  );
  const stream = Readable.from(untilDone(stdout, done), { objectMode: false });
  return {
    stream,
    size: undefined,
    isArchive: false,
    finish: () => done,
    async [Symbol.asyncDispose]() {
      stream.on("error", () => undefined);
      stream.destroy();
      packing.abort();
      await done.catch(() => undefined);
      await directory.close();
    },
  };
}

/** Yields tar's output, and throws tar's own error at its end, so that the archive does not just look truncated. */
async function* untilDone(stdout: Readable, done: Promise<void>): AsyncGenerator<Buffer, void, undefined> {
  yield* stdout;
  await done;
}
