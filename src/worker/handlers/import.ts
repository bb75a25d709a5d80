// The job `import`: reads the images of an archive, unpacks their layers, and registers all as one set with their names.
import type { FileHandle } from "node:fs/promises";
import { type Imported, importImages } from "../../interchange/index.js";
import { type JobResult, listedSkipped } from "../../jobs/index.js";
import { removeUpload, withSeekableSource } from "../sources/index.js";
import type { Handler, JobTry, WorkerHost } from "./handler.js";

export const importJob: Handler<"import"> = async (job, host, signal) => {
  const begun = performance.now();
  try {
    const { ownership, images, moved, skipped, ...imported } = await run(job, host, signal);
    return {
      ...imported,
      images: images.map((image) => ({ ...image, names: [...image.names] })),
      moved: [...moved],
      ...listed(skipped),
      ...(ownership === "squashed" ? { ownership } : {}),
      durationMs: Math.round(performance.now() - begun),
    };
  } catch (error) {
    if (job.isFinal(error)) await removeUpload(job.data.source, host.sources);
    throw error;
  }
};

/** What was passed over, as far as a result lists it. */
function listed(skipped: Imported["skipped"]): Pick<JobResult<"import">, "skipped" | "skippedMore"> {
  if (skipped.length === 0) return {};
  const more = skipped.length - listedSkipped;
  return {
    skipped: skipped.slice(0, listedSkipped).map(({ artifactType, ...rest }) => ({
      ...rest,
      ...(artifactType === undefined ? {} : { artifactType }),
    })),
    ...(more > 0 ? { skippedMore: more } : {}),
  };
}

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
