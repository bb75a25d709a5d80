// Docker 0.3's dictionary, the file `checksums`: `{"<id>": "sha256:..."}`. It follows the images' own
// checksum.json, at most once a second, however many images change: written whole each time, a write per image
// would cost the square of their number.
import { readdir, readFile, rename, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import {
  cachedRead,
  createYielder,
  ioError,
  makeDirectory,
  replaceFile,
  rootPath,
  syncDirectory,
  withLock,
  writeDurably,
} from "../../disk/index.js";
import { isErrno, isId } from "../../terms/index.js";

/** What the graph knows of an image's `docker` checksum: the checksum, `unknown`, or that the image is gone. */
export type KnownChecksum = { readonly checksum: string } | "unknown" | "gone";

interface ChecksumsDictionary {
  /** The checksum in the file, which Docker 0.3 may have computed; undefined if it has none. */
  get(id: string): Promise<string | undefined>;
  /**
   * Runs `work`, which changes what the file must say of an image. The file is made to say it within a second,
   * by `flush`, or, if this process dies before, by the next flush of any process: the image's name is kept in
   * `checksums.pending/` from before the change until the file has been written.
   */
  change<T>(id: string, work: () => Promise<T>, signal?: AbortSignal | undefined): Promise<T>;
  /** Brings the file up to date now. */
  flush(): Promise<void>;
  /** Has what dead processes left in `checksums.pending/` written within a second. */
  recover(): Promise<void>;
  /** Flushes if there is something to flush. */
  close(): Promise<void>;
}

const flushDelayMs = 1_000;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** @param knownChecksum reads the truth about an image at the time of a flush */
export function openChecksumsDictionary(
  root: string,
  knownChecksum: (id: string) => Promise<KnownChecksum>,
): ChecksumsDictionary {
  const path = rootPath(root, "checksums");
  const pendingDirectory = rootPath(root, "pendingChecksums");
  const entries = cachedRead(path, async () => (await readDictionary(path)).entries, new Map());
  let timer: NodeJS.Timeout | undefined;
  let stale = false;
  let lastFlush: Promise<void> = Promise.resolve();

  function flushSoon(): void {
    stale = true;
    // A flush that fails leaves its work pending; the next one, or close, reports what is still wrong.
    timer ??= setTimeout(() => void flush().catch(() => undefined), flushDelayMs).unref();
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    lastFlush = lastFlush.catch(() => undefined).then(writeAll);
    return lastFlush;
  }

  async function writeAll(): Promise<void> {
    stale = false;
    try {
      await withLock(root, () => writePending(path, pendingDirectory, knownChecksum));
    } catch (error) {
      stale = true;
      throw ioError(error, `${path} cannot be written`);
    }
  }

  return {
    async get(id) {
      const checksum = (await entries()).get(id);
      return typeof checksum === "string" && digestPattern.test(checksum) ? checksum : undefined;
    },
    change(id, work, signal) {
      // The lock keeps a flush from taking the name away before the change is made.
      const marked = async () => {
        const made = makeDirectory(pendingDirectory, 0o700);
        if (made !== undefined) await syncDirectory(root);
        await writeDurably(join(pendingDirectory, id), "");
        await syncDirectory(pendingDirectory);
        flushSoon();
        return work();
      };
      return withLock(root, marked, signal);
    },
    flush,
    async recover() {
      if ((await readPending(pendingDirectory)).length > 0) flushSoon();
    },
    async close() {
      clearTimeout(timer);
      timer = undefined;
      await lastFlush.catch(() => undefined);
      if (stale) await flush();
    },
  };
}

/** Merges what is pending into the file. Entries of other images, and entries that are not valid checksums, stay as they are. */
async function writePending(
  path: string,
  pendingDirectory: string,
  knownChecksum: (id: string) => Promise<KnownChecksum>,
): Promise<void> {
  const pending = await readPending(pendingDirectory);
  if (pending.length === 0) return;
  const { entries, damaged } = await readDictionary(path);
  if (await bringUpToDate(entries, pending, knownChecksum)) {
    if (damaged) await rename(path, `${path}.damaged-${new Date().toISOString()}`);
    await replaceFile(path, JSON.stringify(Object.fromEntries(entries)));
  }
  for (const id of pending) await unlink(join(pendingDirectory, id));
  await rmdir(pendingDirectory).catch(() => undefined);
}

/** Makes the entries say what is known of these images; true if that changed one. */
export async function bringUpToDate(
  entries: Map<string, unknown>,
  ids: Iterable<string>,
  knownChecksum: (id: string) => Promise<KnownChecksum>,
): Promise<boolean> {
  let changed = false;
  const turn = createYielder();
  for (const id of ids) {
    await turn();
    const known = await knownChecksum(id);
    if (known === "gone") changed = entries.delete(id) || changed;
    if (typeof known === "string" || entries.get(id) === known.checksum) continue;
    entries.set(id, known.checksum);
    changed = true;
  }
  return changed;
}

/**
 * Reads the file. One that is damaged counts as empty, and is set aside, not overwritten, when another is written.
 * An empty file, which Docker leaves when it is killed at the wrong time, has nothing worth keeping.
 */
export async function readDictionary(
  path: string,
): Promise<{ entries: Map<string, unknown>; damaged: boolean }> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return { entries: new Map(), damaged: false };
    throw ioError(error, `${path} cannot be read`);
  }
  const content = parseObject(text);
  return { entries: new Map(Object.entries(content ?? {})), damaged: content === undefined && text !== "" };
}

function parseObject(text: string): object | undefined {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === "object" && content !== null && !Array.isArray(content) ? content : undefined;
  } catch {
    return undefined;
  }
}

/** The images of which the file does not yet say what it must. */
export async function readPending(pendingDirectory: string): Promise<string[]> {
  try {
    return (await readdir(pendingDirectory)).filter(isId);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw ioError(error, `${pendingDirectory} cannot be read`);
  }
}
