// Threads that compress blocks by deflate. Node's own zlib would do it elsewhere with other bytes: its versions, builds and
// processors differ. This is a module of WebAssembly, which computes the same everywhere.
import { Worker } from "node:worker_threads";
import { StevedoreError } from "../../../terms/index.js";
import { deflateModule } from "./deflate-module.js";

/** The largest block, in bytes. */
export const blockBytes = 1024 * 1024;
/** How far back deflate looks. */
export const windowBytes = 32 * 1024;

/** Threads that are this caller's alone until it disposes of them, with nothing under way. */
export interface DeflateThreads extends Disposable {
  /**
   * Compresses a block and ends it with a sync flush. The block's memory may be given away with it.
   * @param dictionary the end of what lies before it, at most `windowBytes`
   * @throws `INTERNAL`
   */
  deflate(block: Buffer, dictionary: Buffer): Promise<Buffer>;
}

/** A thread with what it was given and has not answered, in turn. */
interface Thread {
  readonly worker: Worker;
  readonly pending: { resolve(made: Buffer): void; reject(error: Error): void }[];
  hasEnded: boolean;
}

/** Where the module wants its input and leaves its output (assembly/memory.ts). */
const places = { input: 0x80000 + windowBytes, output: 0x1a0000 };

/** Everything else on the host goes first: on Linux a priority of process 0 is that of the thread. */
const script = `
const { parentPort, workerData: { wasm, places } } = require("node:worker_threads");
require("node:os").setPriority(0, 10);
const { memory, deflate } = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
const bytes = new Uint8Array(memory.buffer);
parentPort.on("message", ({ block, dictionary }) => {
  bytes.set(dictionary, places.input - dictionary.length);
  bytes.set(block, places.input);
  const made = bytes.slice(places.output, deflate(dictionary.length, block.length));
  parentPort.postMessage(made, [made.buffer]);
});
`;

/** Threads that nobody has. They keep no process from ending. */
const idle: Thread[] = [];
/** How long they wait for the next layer, in ms: each holds some 10 MiB and some descriptors. */
const idleTime = 100;
let ending: NodeJS.Timeout | undefined;

/** Takes so many threads, and starts those that are not there. */
export function takeDeflateThreads(count: number): DeflateThreads {
  const threads = Array.from({ length: Math.max(1, count) }, () => idle.pop() ?? startThread());
  return {
    deflate: (block, dictionary) =>
      new Promise((resolve, reject) => {
        const thread = threads.reduce((least, each) =>
          each.pending.length < least.pending.length ? each : least,
        );
        if (thread.hasEnded) return reject(hasEnded(undefined));
        thread.pending.push({ resolve, reject });
        thread.worker.ref();
        // What has its memory for itself need not be copied.
        const isWhole = block.byteLength === block.buffer.byteLength;
        thread.worker.postMessage({ block, dictionary }, isWhole ? [block.buffer as ArrayBuffer] : []);
      }),
    [Symbol.dispose]() {
      idle.push(...threads.splice(0).filter(({ hasEnded }) => !hasEnded));
      clearTimeout(ending);
      ending = setTimeout(endIdle, idleTime).unref();
    },
  };
}

function endIdle(): void {
  for (const { worker } of idle.splice(0)) void worker.terminate();
}

function startThread(): Thread {
  const workerData = { wasm: Buffer.from(deflateModule, "base64"), places };
  const worker = new Worker(script, { eval: true, workerData, execArgv: [], name: "deflate" });
  const thread: Thread = { worker, pending: [], hasEnded: false };
  worker.on("message", (made: Uint8Array) => {
    thread.pending.shift()?.resolve(Buffer.from(made.buffer, made.byteOffset, made.byteLength));
    if (thread.pending.length === 0) worker.unref();
  });
  const fail = (cause: unknown) => {
    thread.hasEnded = true;
    for (const { reject } of thread.pending.splice(0)) reject(hasEnded(cause));
    const at = idle.indexOf(thread);
    if (at !== -1) idle.splice(at, 1);
  };
  worker.on("error", fail).on("exit", fail);
  worker.unref();
  return thread;
}

function hasEnded(cause: unknown): StevedoreError {
  return new StevedoreError("INTERNAL", "a thread that compresses has ended", { cause });
}
