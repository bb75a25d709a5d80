// Reads the small files of many directories, such as all images of a graph, with a second thread beside this one: what they
// take is nearly all the kernel's time.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { throwIfAborted } from "../terms/index.js";
import { createYielder } from "./yielding.js";

/** What the thread reads in each directory. */
export interface WantedEntries {
  /** The names of the files. */
  readonly files: readonly string[];
  /** The name of something of which it is only asked whether it is a directory. */
  readonly directory?: string | undefined;
  /** Whether the stamp of the first file is wanted, as `readStamp` gives it. Default false. */
  readonly isStamped?: boolean | undefined;
}

/** What the thread has read in a directory: the content of the files, null for one that is not there. */
export interface ReadEntries {
  readonly files: readonly (Buffer | null)[];
  readonly stamp: { readonly text: string; readonly settled: boolean } | undefined;
}

/** In this many directories the one or the other reads in turn. */
const share = 256;
/** So many that this thread has not taken yet the other one reads ahead, or memory would fill up. */
const readAhead = 4;
/** Of fewer the thread is not worth its start, some 30 ms. */
const leastForThread = 4_000;

/**
 * Reads in each of some directories, in any order.
 * @param parent the directory in which they lie
 * @param read reads in one of them, by its place in `names`, in this thread
 * @param take gets what the other thread has read. Where that has met anything but plain files and the directory it was asked
 * for, such as a link or an error, `read` is called
 * @throws what these throw; `CANCELLED`
 */
export async function readSideBySide(
  parent: string,
  names: readonly string[],
  wanted: WantedEntries,
  read: (at: number) => void,
  take: (at: number, entries: ReadEntries) => void,
  signal?: AbortSignal | undefined,
  least: number = leastForThread,
): Promise<void> {
  const turn = createYielder(signal);
  const readShare = async (number: number) => {
    for (let at = number * share; at < Math.min(names.length, (number + 1) * share); at++) {
      await turn();
      read(at);
    }
  };
  const shares = Math.ceil(names.length / share);
  if (names.length < least) {
    for (let number = 0; number < shares; number++) await readShare(number);
    return;
  }

  // Which shares are begun; behind them, how many of the thread's were taken.
  const taken = new Int32Array(new SharedArrayBuffer(4 * (shares + 1)));
  const left = new Set(Array.from({ length: shares }, (_, number) => number));
  let failure: { readonly error: unknown } | undefined;
  const thread = new Worker(threadSource, {
    eval: true,
    execArgv: [],
    workerData: { parent, names, wanted, share, taken, readAhead },
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  thread.on("message", (message: ShareRead) => {
    try {
      if (failure === undefined) takeShare(message, wanted.files.length, read, take);
    } catch (error) {
      failure = { error };
    }
    left.delete(message.number);
    Atomics.add(taken, shares, 1);
    Atomics.notify(taken, shares);
  });
  // Without it, this one reads what it has not.
  thread.on("error", () => undefined);
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    thread.once("exit", () => {
      hasEnded = true;
      resolve();
    });
  });
  try {
    for (let number = 0; number < shares && failure === undefined; number++) {
      if (Atomics.compareExchange(taken, number, 0, 1) !== 0) continue;
      left.delete(number);
      await readShare(number);
    }
    while (left.size > 0 && !hasEnded && failure === undefined) {
      await Promise.race([once(thread, "message"), ended]).catch(() => undefined);
      throwIfAborted(signal);
    }
    if (failure === undefined) for (const number of left) await readShare(number);
  } finally {
    await thread.terminate();
  }
  if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
}

/** What the thread tells of its share: for each directory the lengths of the files, and these behind each other. */
interface ShareRead {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** -1 for a file that is not there; -2 for the first, where it was anything unusual. */
  readonly lengths: readonly number[];
  readonly stamps: readonly ReadEntries["stamp"][];
}

function takeShare(
  { number, bytes, lengths, stamps }: ShareRead,
  files: number,
  read: (at: number) => void,
  take: (at: number, entries: ReadEntries) => void,
): void {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = 0;
  for (let place = 0; place * files < lengths.length; place++) {
    const at = number * share + place;
    const ofThis = lengths.slice(place * files, (place + 1) * files);
    const parts = ofThis.map((length) => {
      if (length < 0) return null;
      end += length;
      return content.subarray(end - length, end);
    });
    if (ofThis[0] === -2) read(at);
    else take(at, { files: parts, stamp: stamps[place] });
  }
}

/**
 * The thread. As text, for a bundle has no file of its own for it. It takes the shares from the end, as this thread takes them
 * from the beginning. Files of more than 1 MiB are unusual.
 */
const threadSource = `
const fs = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");
const { parent, names, wanted, share, taken, readAhead } = workerData;
const flags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;
const longest = 1024 * 1024;
let buffer = Buffer.allocUnsafeSlow(4 * longest);
let end = 0;
function readFile(path, isStamped) {
  let file;
  try {
    file = fs.openSync(path, flags);
  } catch (error) {
    if (error.code === "ENOENT") return { length: -1 };
    throw error;
  }
  try {
    const now = Date.now();
    const stats = fs.fstatSync(file, { bigint: isStamped });
    const size = Number(stats.size);
    if (!stats.isFile() || size > longest) throw new Error("unusual");
    if (end + size > buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
    if (size === 0 || fs.readSync(file, buffer, end, size, 0) !== size) throw new Error("unusual");
    end += size;
    if (!isStamped) return { length: size };
    const text = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(",");
    return { length: size, stamp: { text, settled: now - Number(stats.ctimeNs / 1000000n) > 20 } };
  } finally {
    fs.closeSync(file);
  }
}
const shares = taken.length - 1;
let posted = 0;
for (let number = shares - 1; number >= 0; number--) {
  for (;;) {
    const done = Atomics.load(taken, shares);
    if (posted - done < readAhead) break;
    Atomics.wait(taken, shares, done);
  }
  if (Atomics.compareExchange(taken, number, 0, 1) !== 0) break;
  const lengths = [];
  const stamps = [];
  end = 0;
  for (const name of names.slice(number * share, (number + 1) * share)) {
    const before = end;
    try {
      const path = parent + "/" + name;
      const read = wanted.files.map((file, at) => readFile(path + "/" + file, at === 0 && wanted.isStamped === true));
      if (read[0].length < 0) throw new Error("unusual");
      if (wanted.directory !== undefined && !fs.lstatSync(path + "/" + wanted.directory).isDirectory()) throw new Error("unusual");
      lengths.push(...read.map(({ length }) => length));
      stamps.push(read[0].stamp);
    } catch {
      end = before;
      lengths.push(...wanted.files.map(() => -2));
      stamps.push(undefined);
    }
  }
  const bytes = new Uint8Array(buffer.subarray(0, end));
  posted++;
  parentPort.postMessage({ number, bytes, lengths, stamps }, [bytes.buffer]);
}
`;
