// The job `checksum-graph`: lists the graph, leaves each image without a checksum to a child, and sums up.
import type { Graph, Image } from "../../graph/index.js";
import { type CheckedJobData, defaultRecipe, type JobResult, parseFailedReason } from "../../jobs/index.js";
import type { BatchChild, BatchPlan } from "../batch.js";
import { listBatch } from "../batch-images.js";
import type { Handler, JobTry, WorkerHost } from "../handler.js";

export const checksumGraph: Handler<"checksum-graph"> = async (job, host, signal) => {
  const plan = (await job.batch.plan()) ?? (await addChildren(job, host, signal));
  await job.batch.wait();
  return summarize(plan, job, host);
};

async function addChildren(
  job: JobTry<"checksum-graph">,
  { graph }: WorkerHost,
  signal: AbortSignal,
): Promise<BatchPlan> {
  const begunAt = Date.now();
  const { ids, recipe = defaultRecipe, force = false } = job.data;
  const options: Omit<CheckedJobData<"checksum">, "id"> = { recipe, ...(force ? { force } : {}) };
  const { images, failed } = await listBatch(graph, ids, signal);
  const isStored = async ({ id }: Image) => !force && (await graph.storedChecksum(id, recipe)) !== undefined;
  const children: (BatchChild<"checksum"> & { readonly bytes: number })[] = [];
  for (const { image, layerBytes } of images) {
    if (await isStored(image)) continue;
    children.push({ key: image.id, data: { id: image.id, ...options }, bytes: layerBytes });
  }
  // The largest first, so that no giant is left alone at the end.
  children.sort((one, other) => other.bytes - one.bytes);
  const plan: BatchPlan = {
    images: images.length + failed.length,
    layerBytes: sum(images.map(({ layerBytes }) => layerBytes)),
    childBytes: sum(children.map(({ bytes }) => bytes)),
    begunAt,
    failed,
  };
  await job.batch.add("checksum", children, plan);
  return plan;
}

async function summarize(
  { images, layerBytes, begunAt, failed }: BatchPlan,
  { batch }: JobTry<"checksum-graph">,
  { graph }: WorkerHost,
): Promise<JobResult<"checksum-graph">> {
  const { results, failures } = await batch.outcomes();
  const computed = ([...results.values()] as JobResult<"checksum">[]).filter(({ cached }) => !cached).length;
  const failedChildren = [...failures].map(([id, reason]) => ({ id, ...parseFailedReason(reason) }));
  const lost = await Promise.all(failedChildren.map(({ id }) => bytesOf(id, graph)));
  return {
    total: images,
    computed,
    cached: images - computed - failed.length - failedChildren.length,
    failed: [...failed, ...failedChildren],
    layerBytes: layerBytes - sum(lost),
    durationMs: Date.now() - begunAt,
  };
}

/** The bytes of a layer that were counted in the plan. */
async function bytesOf(id: string, graph: Graph): Promise<number> {
  return graph.layerFacts(id).then(
    (facts) => facts.layerBytes,
    () => 0,
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
