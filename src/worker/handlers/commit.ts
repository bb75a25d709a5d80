// The job `commit`: packs the upper directory of a mount, and stores the archive as an image.
import { makeRecord } from "../../graph/index.js";
import type { CheckedJobData } from "../../jobs/index.js";
import { packUpper, unpack } from "../../layer/index.js";
import type { Mount } from "../../mount/index.js";
import type { Handler, JobTry, WorkerHost } from "./handler.js";
import { mountOf, onItsHost } from "./mount-reference.js";
import { decideFields, describeImage, existing, type Made, registerOnce, withinLimit } from "./new-image.js";

export const commit: Handler<"commit"> = async (job, host, signal) => {
  const begun = performance.now();
  const done = await job.otherHost.outcome();
  if (done !== undefined) return done;
  const image = await decidedImage(job);
  const elsewhere = await mountElsewhere(image.id, job, host);
  if (elsewhere !== undefined) {
    return job.otherHost.leaveTo(elsewhere.host, { ...onItsHost(job.data, elsewhere), image });
  }
  const made = await registerUpper(image, job, host, signal);
  if (job.data.checksum !== undefined) {
    await host.producer.enqueue("checksum", { id: image.id, recipe: job.data.checksum });
  }
  return describeImage(image.id, made, host.graph, begun);
};

/** The mount, if another host has it: what was written there may not have reached the root yet, and only that host sees all. */
async function mountElsewhere(
  imageId: string,
  job: JobTry<"commit">,
  { graph, mounts }: WorkerHost,
): Promise<Mount | undefined> {
  // If an earlier try has succeeded, the mount may be gone.
  if (await graph.exists(imageId)) return undefined;
  const mount = mountOf(job.data, mounts);
  return mount.host === graph.host ? undefined : mount;
}

async function registerUpper(
  image: ReturnType<typeof decideFields>,
  job: JobTry<"commit">,
  { graph, mounts, limits, allowSquash }: WorkerHost,
  signal: AbortSignal,
): Promise<Made> {
  const maker = { jobId: job.id, ifExists: "fail", name: job.data.name } as const;
  // Before the mount is looked up: if an earlier try has succeeded, it may be gone.
  if (await graph.exists(image.id)) return existing(image.id, maker, graph);
  const { mount, upper } = await mounts.upper(mountOf(job.data, mounts).mountId, signal);
  const record = withinLimit(makeRecord({ ...image, parent: mount.id }), limits);
  const onProgress = (done: number) => job.report({ phase: "commit", done, total: done, unit: "bytes" });
  const fill = (layerDirectory: string) =>
    unpack(packUpper(upper, signal), layerDirectory, { limits, allowSquash, onProgress }, signal);
  return registerOnce(record, maker, graph, fill, signal);
}

/** The fields of the image. A generated id or time is stored in the job's data for its next try. */
async function decidedImage(job: JobTry<"commit">): Promise<ReturnType<typeof decideFields>> {
  const { image = {} } = job.data;
  const decided = decideFields(image);
  const amended: CheckedJobData<"commit"> = { ...job.data, image: decided };
  if (image.id === undefined || image.created === undefined) await job.amend(amended);
  return decided;
}
