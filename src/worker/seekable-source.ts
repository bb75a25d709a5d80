// Opens the source of a job that reads here and there in it: what comes from a server is spooled first.
import { createWriteStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { StevedoreError, throwIfAborted } from "../error.js";
import { ioError } from "../graph/io-error.js";
import type { LayerSource } from "../jobs/index.js";
import type { JobTry, WorkerHost } from "./handler.js";
import { openFile, openSource } from "./source.js";

/**
 * Gives `work` the handle of a source: of a regular file, or of a directory. A URL's bytes lie in the graph's staging for
 * that time, and their digest has been checked.
 * @throws as `openSource`; `LIMIT_EXCEEDED` for more than `maxImportBytes`, `NO_SPACE`; what `work` throws
 */
export async function withSeekableSource<Result>(
  source: LayerSource,
  report: JobTry<"import">["report"],
  { sources, graph, limits }: WorkerHost,
  work: (file: FileHandle) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  if (!("url" in source)) {
    await using file = await openFile(source, sources);
    return await work(file);
  }
  return await graph.withStaging(async (path) => {
    await using download = await openSource(source, sources, signal);
    const total = download.size ?? 0;
    const onBytes = (done: number) =>
      report({ phase: "download", done, total: Math.max(done, total), unit: "bytes" });
    try {
      const counted = bounded(download.stream, limits.maxImportBytes, onBytes);
      await pipeline(counted, createWriteStream(path, { flags: "wx", mode: 0o600 }), { signal });
    } catch (error) {
      throwIfAborted(signal);
      throw ioError(error, "the download cannot be spooled");
    }
    await download.finish();
    await using file = await open(path, "r");
    return await work(file);
  });
}

async function* bounded(chunks: AsyncIterable<Buffer>, maxBytes: number, onBytes: (bytes: number) => void) {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new StevedoreError(
        "LIMIT_EXCEEDED",
        `the download is larger than ${maxBytes} bytes: --max-import-bytes raises the limit`,
      );
    }
    onBytes(bytes);
    yield chunk;
  }
}
