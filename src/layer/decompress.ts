// Turns a compressed archive into its bytes: gzip in this process, the others by the programs of the host.
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { run, start, type Tool, tools } from "../host/index.js";
import { isErrno, StevedoreError } from "../terms/index.js";
import type { Compression } from "./compression.js";
import { decompressXzNatively } from "./xz/index.js";

/** Bytes of a piece that leaves gzip. */
const gunzipChunk = 256 * 1024;

/**
 * Memory that decoding xz may take, in bytes: its largest preset takes 65 MiB, but a hostile header may ask for
 * 4 GiB. (This is no limit on compressing, which would change what is written.)
 */
const xzMemory = 512 * 1024 * 1024;

/**
 * Decompresses `input`, whose `StevedoreError`s pass through as they are. Nothing is read ahead of the reader but
 * what the pipes hold. Ending the iteration early ends the programs too.
 * @throws `BAD_ARCHIVE` for a damaged or truncated stream, with the decompressor's words; `TOOL_MISSING`,
 * `CANCELLED`.
 */
export function decompress(
  input: AsyncIterable<Buffer>,
  compression: Compression,
  signal?: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  switch (compression) {
    case "none":
      return input;
    case "gzip":
      return gunzip(input);
    case "bzip2":
      return throughTool(input, tools.bzip2, ["-dc"], signal);
    case "zstd":
      return throughTool(input, tools.zstd, ["-dcq"], signal);
    case "xz":
      return decompressXz(input, signal);
  }
}

async function* gunzip(input: AsyncIterable<Buffer>) {
  const stream = createGunzip({ chunkSize: gunzipChunk });
  // What goes wrong there also ends the stream that is read here.
  pipeline(input, stream).catch(() => undefined);
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof StevedoreError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StevedoreError("BAD_ARCHIVE", `gzip: ${reason}`, { cause: error });
  }
}

/** By xz, or where that is not installed by lzma-native. */
async function* decompressXz(input: AsyncIterable<Buffer>, signal: AbortSignal | undefined) {
  const hasXz = await isInstalled(tools.xz, signal);
  if (hasXz) yield* throughTool(input, tools.xz, ["-dc", `--memlimit-decompress=${xzMemory}`], signal);
  else yield* decompressXzNatively(input, xzMemory, signal);
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

async function* throughTool(
  input: AsyncIterable<Buffer>,
  tool: Tool,
  args: readonly string[],
  signal: AbortSignal | undefined,
) {
  const over = new AbortController();
  const stop = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  const running = start(tool, args, { failure: "BAD_ARCHIVE", signal: stop });
  pipeline(input, running.stdin).catch((error: unknown) => {
    // A tool that ends early says itself why. A fault of the input is the reason of all that follows.
    if (!isErrno(error, "EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE")) over.abort(error);
  });
  try {
    for await (const chunk of running.stdout) yield chunk as Buffer;
    await running.done;
  } catch (error) {
    // The tool's own words come before what its end did to its streams.
    await running.done;
    throw error;
  } finally {
    over.abort();
    await running.done.catch(() => undefined);
  }
}
