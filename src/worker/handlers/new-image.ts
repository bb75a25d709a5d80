// What the jobs that make an image have in common: each makes it once, however often it is retried.
import { assertRecordSize, type FillLayer, type Graph, makeId, parseRecord } from "../../graph/index.js";
import type { ImageFields, JobResult } from "../../jobs/index.js";
import type { Unpacked } from "../../layer/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { WorkerLimits } from "../limits.js";

/** How the image came about: unpacked by this try, made by an earlier try of this job, or there before. */
export type Outcome = Unpacked | "earlier-try" | "skipped";

/** The job that makes an image. */
interface Maker {
  readonly jobId: string;
  /** What to do if the id is taken. */
  readonly ifExists: "fail" | "skip";
}

/** The fields, with a generated id and the present time where these are missing. */
export function decideFields(image: ImageFields): ImageFields & { readonly id: string } {
  return { ...image, id: image.id ?? makeId(), created: image.created ?? new Date().toISOString() };
}

/** Returns the record. @throws `LIMIT_EXCEEDED` if it is longer than the worker takes, or can read back */
export function withinLimit(record: Buffer, { maxRecordBytes }: WorkerLimits): Buffer {
  assertRecordSize(record.length, maxRecordBytes, "the image's record");
  return record;
}

/**
 * Registers an image, unless it is there.
 * @param unpackLayer fills the layer's directory; it may write a tar-split
 * @throws `IMAGE_EXISTS` if another job has made it and it is not to be skipped; as `Graph.register`
 */
export async function registerOnce(
  record: Buffer,
  maker: Maker,
  graph: Graph,
  unpackLayer: (layerDirectory: string, splitPath: string) => Promise<Unpacked>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { id } = parseRecord(record);
  if (await graph.exists(id)) return existing(id, maker, graph);
  let unpacked: Unpacked | undefined;
  const fill: FillLayer = async (layerDirectory, _, splitPath) => {
    unpacked = await unpackLayer(layerDirectory, splitPath);
    return unpacked;
  };
  try {
    await graph.register({ record, jobId: maker.jobId }, fill, signal);
  } catch (error) {
    // Another job was faster.
    if (error instanceof StevedoreError && error.code === "IMAGE_EXISTS") return existing(id, maker, graph);
    throw error;
  }
  if (unpacked === undefined) throw new StevedoreError("INTERNAL", `${id} was registered without a layer`);
  return unpacked;
}

/** The outcome for an image that is there already. @throws `IMAGE_EXISTS` */
export async function existing(id: string, { jobId, ifExists }: Maker, graph: Graph): Promise<Outcome> {
  const facts = await graph.layerFacts(id);
  if (facts.jobId === jobId) return "earlier-try";
  if (ifExists === "skip") return "skipped";
  throw new StevedoreError("IMAGE_EXISTS", `the image ${id} exists already`);
}

/** The result of the job. @param begun when this try began, by `performance.now()` */
export async function describeImage(
  id: string,
  outcome: Outcome,
  graph: Graph,
  begun: number,
): Promise<JobResult<"store">> {
  const [{ parent }, facts] = await Promise.all([graph.get(id), graph.layerFacts(id)]);
  const unpacked = typeof outcome === "string" ? undefined : outcome;
  return {
    id,
    parent,
    diffId: facts.diffId ?? null,
    layerBytes: facts.layerBytes,
    entries: facts.entries,
    compression: unpacked?.compression ?? null,
    stored: outcome !== "skipped",
    ...(unpacked?.ownership === "squashed" ? { ownership: "squashed" as const } : {}),
    durationMs: Math.round(performance.now() - begun),
  };
}
