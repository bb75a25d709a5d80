// Runs a batch: lists the images, leaves each to a child job, collects the outcomes.
import type { Graph } from "../../graph/index.js";
import { type BatchChildName, type JobData, type JobResult, parseFailedReason } from "../../jobs/index.js";
import type { Batch, BatchChild, BatchPlan, FailedImage } from "./batch.js";
import { listBatch } from "./batch-images.js";

/** What a batch does with each image. */
interface BatchWork<Name extends BatchChildName> {
  /** The name of the child jobs. */
  readonly name: Name;
  /** The ids or prefixes of the images; undefined for every image of the graph. */
  readonly ids: readonly string[] | undefined;
  data(id: string): JobData<Name>;
  /** True for an image that needs no child. */
  isDone(id: string): Promise<boolean>;
}

/** The outcome of a batch. */
interface BatchOutcome<Name extends BatchChildName> {
  /** Images in all. */
  readonly total: number;
  /** The results of the children that completed. */
  readonly results: readonly JobResult<Name>[];
  readonly failed: readonly FailedImage[];
  /** The ids of the images whose child was cancelled. */
  readonly cancelled: readonly string[];
  /** The bytes of the layers that needed no child. */
  readonly doneBytes: number;
  readonly durationMs: number;
}

/**
 * Runs a batch, or continues what an earlier try has begun.
 * @throws `WaitingChildrenError` of BullMQ while children are unfinished; `CANCELLED`; the errors of listing the graph
 */
export async function runBatch<Name extends BatchChildName>(
  batch: Batch,
  graph: Graph,
  work: BatchWork<Name>,
  signal: AbortSignal,
): Promise<BatchOutcome<Name>> {
  const plan = (await batch.plan()) ?? (await addChildren(batch, graph, work, signal));
  await batch.wait();
  const { results, failures } = await batch.outcomes();
  await batch.close();
  const ended = [...failures].map(([id, reason]) => ({ id, ...parseFailedReason(reason) }));
  return {
    total: plan.images,
    results: [...results.values()] as JobResult<Name>[],
    failed: [...plan.failed, ...ended.filter(({ code }) => code !== "CANCELLED")],
    cancelled: ended.filter(({ code }) => code === "CANCELLED").map(({ id }) => id),
    doneBytes: plan.doneBytes,
    // Another host may have begun it, and a clock may have been set back.
    durationMs: Math.max(0, Date.now() - plan.begunAt),
  };
}

async function addChildren<Name extends BatchChildName>(
  batch: Batch,
  graph: Graph,
  { name, ids, data, isDone }: BatchWork<Name>,
  signal: AbortSignal,
): Promise<BatchPlan> {
  const begunAt = Date.now();
  const { images, failed } = await listBatch(graph, ids, signal);
  const children: (BatchChild<Name> & { readonly layerBytes: number })[] = [];
  let doneBytes = 0;
  for (const { id, layerBytes } of images) {
    if (await isDone(id)) doneBytes += layerBytes;
    else children.push({ key: id, data: data(id), layerBytes });
  }
  // The largest first, so that none of them is left alone at the end.
  children.sort((one, other) => other.layerBytes - one.layerBytes);
  const childBytes = children.reduce((sum, { layerBytes }) => sum + layerBytes, 0);
  const plan: BatchPlan = { images: images.length + failed.length, doneBytes, childBytes, begunAt, failed };
  await batch.add(name, children, plan, signal);
  return plan;
}
