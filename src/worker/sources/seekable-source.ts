// Opens the source of a job that seeks in it: a download is spooled to a file first.
import { type FileHandle, open } from "node:fs/promises";
import { spool } from "../../interchange/index.js";
import type { LayerSource } from "../../jobs/index.js";
import type { JobTry, WorkerHost } from "../handlers/index.js";
import { openFile, openSource } from "./source.js";

/**
 * Gives `work` the handle of a source, a regular file or a directory. The bytes of a URL lie in the graph's staging while
 * it runs, and their digest has been checked.
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
    const onProgress = (done: number) =>
      report({ phase: "download", done, total: Math.max(done, download.size ?? 0), unit: "bytes" });
    const maxBytes = limits.maxImportBytes;
    await spool(download.stream, path, { what: "the download", maxBytes, onProgress }, signal);
    await download.finish();
    await using file = await open(path, "r");
    return await work(file);
  });
}
