// The ways to decompress an archive: in this process, or by a program of the host. All throw `BAD_ARCHIVE` for a
// damaged or truncated stream, with the words of whatever decompresses.
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { run, start, type Tool, tools } from "../host/index.js";
import { isErrno, StevedoreError } from "../terms/index.js";
import { decompressXzNatively } from "./xz/index.js";

/** Size of the pieces in which gunzip gives its output, in bytes. */
const gunzipChunk = 256 * 1024;

/**
 * Bytes of memory that decoding xz may take: its largest preset takes 65 MiB, but a hostile header may ask for 4 GiB.
 * (Compressing has no such limit: it would change the output.)
 */
const xzMemory = 512 * 1024 * 1024;

/** Decompresses gzip in this process. */
export async function* gunzip(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const stream = createGunzip({ chunkSize: gunzipChunk });
  // An error there also ends the stream that is read here, and is thrown by it.
  pipeline(input, stream).catch(() => undefined);
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof StevedoreError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StevedoreError("BAD_ARCHIVE", `gzip: ${reason}`, { cause: error });
  }
}

/** Decompresses xz by xz, or by lzma-native where xz is not installed. */
export async function* decompressXz(
  input: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const hasXz = await isInstalled(tools.xz, signal);
  if (hasXz) yield* decompressBy(tools.xz, ["-dc", `--memlimit-decompress=${xzMemory}`], input, signal);
  else yield* decompressXzNatively(input, { memoryLimit: xzMemory }, signal);
}

async function isInstalled(tool: Tool, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await run(tool, ["--version"], { signal });
    return true;
  } catch (error) {
    if (error instanceof StevedoreError && error.code === "TOOL_MISSING") return false;
    throw error;
  }
}

/** Decompresses by a program. One that is under way when the iteration ends early is ended, too. */
export async function* decompressBy(
  tool: Tool,
  args: readonly string[],
  input: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const over = new AbortController();
  const stop = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  const running = start(tool, args, { failure: "BAD_ARCHIVE", signal: stop });
  pipeline(input, running.stdin).catch((error: unknown) => {
    // A tool that ends early tells why by itself. An error of the input is the cause of whatever the tool says.
    if (!isErrno(error, "EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE")) over.abort(error);
  });
  try {
    for await (const chunk of running.stdout) yield chunk as Buffer;
    await running.done;
  } catch (error) {
    // The tool's own error explains more than that of its streams, which are closed because the tool ended.
    await running.done;
    throw error;
  } finally {
    over.abort();
    await running.done.catch(() => undefined);
  }
}
