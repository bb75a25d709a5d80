// The job `import`: reads the images of an archive, unpacks their layers, and registers all as one set with their names.
import type { FileHandle } from "node:fs/promises";
import { importImages } from "../../interchange/index.js";
import { removeUpload, withSeekableSource } from "../sources/index.js";
import type { Handler, JobTry, WorkerHost } from "./handler.js";
import { passedOver } from "./passed-over.js";

export const importJob: Handler<"import"> = async (job, host, signal) => {
  const begun = performance.now();
  try {
    const { ownership, images, moved, skipped, ...imported } = await run(job, host, signal);
    return {
      ...imported,
      images: images.map((image) => ({ ...image, names: [...image.names] })),
      moved: [...moved],
      ...passedOver(skipped),
      ...(ownership === "squashed" ? { ownership } : {}),
      durationMs: Math.round(performance.now() - begun),
    };
  } catch (error) {
    if (job.isFinal(error)) await removeUpload(job.data.source, host.sources);
    throw error;
  }
};

async function run(
  job: JobTry<"import">,
  host: WorkerHost,
  signal: AbortSignal,
): ReturnType<typeof importImages> {
  const { source, platform, name } = job.data;
  const { graph, limits, allowSquash } = host;
  const onProgress = (done: number, total: number) =>
    job.report({ phase: "unpack", done, total, unit: "bytes" });
  const options = { platform, name, limits, allowSquash, jobId: job.id, onProgress };
  const add = (file: FileHandle) => importImages(graph, file, options, signal);
  return await withSeekableSource(source, job.report, host, add, signal);
}
