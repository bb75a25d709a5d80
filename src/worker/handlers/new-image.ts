// What the jobs that make an image have in common: each makes it once, however often it is retried.
import {
  assertRecordSize,
  type FillLayer,
  type Graph,
  makeId,
  type NewImage,
  parseRecord,
} from "../../graph/index.js";
import type { ImageFields, JobResult } from "../../jobs/index.js";
import type { Unpacked } from "../../layer/index.js";
import { formatImageName, parseImageName, StevedoreError } from "../../terms/index.js";
import type { WorkerLimits } from "../limits.js";

/** How the image came about: unpacked by this try, made by an earlier try of this job, or there before. */
type Outcome = Unpacked | "earlier-try" | "skipped";

/** The job that makes an image. */
interface Maker {
  readonly jobId: string;
  /** What to do if the id is taken. */
  readonly ifExists: "fail" | "skip";
  /** The name that the image gets together with it. */
  readonly name?: string | undefined;
}

/** An image that is there now, and how it came about. */
export interface Made {
  readonly outcome: Outcome;
  /** The name that it was given, with its tag, and the other image that had it before. */
  readonly named?: { readonly name: string; readonly previous: string | null } | undefined;
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
 * Registers an image, unless it is there, and gives it its name: nobody can take it for nameless in between.
 * @param unpackLayer fills the layer's directory; it may write a tar-split
 * @throws `IMAGE_EXISTS` if another job has made it and it is not to be skipped; as `Graph.register` and `Names.set`
 */
export async function registerOnce(
  record: Buffer,
  maker: Maker,
  graph: Graph,
  unpackLayer: (layerDirectory: string, splitPath: string) => Promise<Unpacked>,
  signal: AbortSignal,
): Promise<Made> {
  const { id } = parseRecord(record);
  if (await graph.exists(id)) return existing(id, maker, graph);
  let unpacked: Unpacked | undefined;
  const fill: FillLayer = async (layerDirectory, _, splitPath) => {
    unpacked = await unpackLayer(layerDirectory, splitPath);
    return unpacked;
  };
  let named: Made["named"];
  try {
    named = await register({ record, jobId: maker.jobId }, fill, id, maker, graph, signal);
  } catch (error) {
    // Another job was faster.
    if (error instanceof StevedoreError && error.code === "IMAGE_EXISTS") return existing(id, maker, graph);
    throw error;
  }
  if (unpacked === undefined) throw new StevedoreError("INTERNAL", `${id} was registered without a layer`);
  return { outcome: unpacked, named };
}

/** Adds the image alone, or as a set with its name, which costs a few writes more. */
async function register(
  image: NewImage,
  fill: FillLayer,
  id: string,
  { jobId, name }: Maker,
  graph: Graph,
  signal: AbortSignal,
): Promise<Made["named"]> {
  if (name === undefined) {
    await graph.register(image, fill, signal);
    return undefined;
  }
  const whole = formatImageName(parseImageName(name));
  const { moved } = await graph.registerAll(
    [{ ...image, fill, isDerived: false, mustBeNew: true }],
    { names: new Map([[whole, id]]), concurrency: 1, purpose: `the job ${jobId}` },
    signal,
  );
  return { name: whole, previous: moved.get(whole) ?? null };
}

/** An image that is there already. It gets its name all the same. @throws `IMAGE_EXISTS`; as `Names.set` */
export async function existing(id: string, { jobId, ifExists, name }: Maker, graph: Graph): Promise<Made> {
  const facts = await graph.layerFacts(id);
  const isOwn = facts.jobId === jobId;
  if (!isOwn && ifExists === "fail")
    throw new StevedoreError("IMAGE_EXISTS", `the image ${id} exists already`);
  const outcome = isOwn ? "earlier-try" : "skipped";
  if (name === undefined) return { outcome };
  const whole = formatImageName(parseImageName(name));
  const moved = await graph.names.set(new Map([[whole, id]]));
  return { outcome, named: { name: whole, previous: moved.get(whole) ?? null } };
}

/** The result of the job. @param begun when this try began, by `performance.now()` */
export async function describeImage(
  id: string,
  { outcome, named }: Made,
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
    ...named,
    ...(unpacked?.ownership === "squashed" ? { ownership: "squashed" as const } : {}),
    durationMs: Math.round(performance.now() - begun),
  };
}
