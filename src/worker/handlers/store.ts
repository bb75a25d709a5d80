// The job `store`: open the source, unpack it into staging, commit it as an image.
import { StevedoreError } from "../../error.js";
import { makeId, makeRecord, parseRecord } from "../../graph/index.js";
import type { ImageFields, JobResult } from "../../jobs/index.js";
import { type Unpacked, unpack } from "../../layer/index.js";
import type { Handler, JobTry, WorkerHost } from "../handler.js";
import { openSource, removeUpload } from "../source.js";

export const store: Handler<"store"> = async (job, host, signal) => {
  const begun = performance.now();
  try {
    const record = await recordOf(job, host);
    const { id } = parseRecord(record);
    const unpacked = await registerOnce(id, record, job, host, signal);
    if (job.data.checksum !== undefined) {
      await host.producer.enqueue("checksum", { id, recipe: job.data.checksum });
    }
    await removeUpload(job.data.layer, host.sources);
    return await resultOf(id, unpacked, host, begun);
  } catch (error) {
    if (job.isFinal(error)) await removeUpload(job.data.layer, host.sources);
    throw error;
  }
};

/** What became of the image: unpacked by this try, there by an earlier try of this job, or there before. */
type Outcome = Unpacked | "earlier-try" | "skipped";

async function registerOnce(
  id: string,
  record: Buffer,
  job: JobTry<"store">,
  host: WorkerHost,
  signal: AbortSignal,
): Promise<Outcome> {
  const { graph } = host;
  if (await graph.exists(id)) return existing(id, job, host);
  let unpacked: Unpacked | undefined;
  try {
    await graph.register(
      { record, jobId: job.id },
      async (layerDirectory) => {
        unpacked = await fill(layerDirectory, job, host, signal);
        return { diffId: unpacked.diffId };
      },
      signal,
    );
  } catch (error) {
    // Another job was faster: the rename decided.
    if (error instanceof StevedoreError && error.code === "IMAGE_EXISTS") return existing(id, job, host);
    throw error;
  }
  if (unpacked === undefined) throw new StevedoreError("INTERNAL", `${id} was registered without a layer`);
  return unpacked;
}

async function fill(
  layerDirectory: string,
  job: JobTry<"store">,
  { sources, limits, allowSquash }: WorkerHost,
  signal: AbortSignal,
): Promise<Unpacked> {
  await using source = await openSource(job.data.layer, sources, signal);
  const total = source.size ?? 0;
  const onProgress = (done: number) =>
    job.report({ phase: "unpack", done, total: Math.max(done, total), unit: "bytes" });
  const unpacked = await unpack(source.stream, layerDirectory, { limits, allowSquash, onProgress }, signal);
  await source.finish();
  return unpacked;
}

async function existing(id: string, job: JobTry<"store">, { graph }: WorkerHost): Promise<Outcome> {
  const { jobId } = await graph.layerFacts(id);
  if (jobId === job.id) return "earlier-try";
  if (job.data.ifExists === "skip") return "skipped";
  throw new StevedoreError("IMAGE_EXISTS", `the image ${id} exists already`);
}

/** The record's bytes. What is made up here, an id and a time, is kept in the job for its next try. */
async function recordOf(job: JobTry<"store">, { graph }: WorkerHost): Promise<Buffer> {
  const { json, image = {} } = job.data;
  if (json !== undefined) return checkedJson(json);
  const parent = image.parent === undefined ? undefined : await resolveParent(image.parent, graph);
  const decided: ImageFields = {
    ...image,
    id: image.id ?? makeId(),
    created: image.created ?? new Date().toISOString(),
    ...(parent === undefined ? {} : { parent }),
  };
  const amended = { ...job.data, image: decided };
  if (JSON.stringify(amended) !== JSON.stringify(job.data)) await job.amend(amended);
  return makeRecord(decided);
}

function checkedJson(json: string): Buffer {
  const record = Buffer.from(json);
  try {
    parseRecord(record);
  } catch (error) {
    // A record that an image on disk could not have is bad data when a job brings it.
    if (error instanceof StevedoreError && error.code === "IMAGE_BROKEN") {
      throw new StevedoreError("INVALID_JOB", `json: ${error.message}`, { cause: error });
    }
    throw error;
  }
  return record;
}

async function resolveParent(reference: string, graph: WorkerHost["graph"]): Promise<string> {
  try {
    return await graph.resolve(reference);
  } catch (error) {
    if (error instanceof StevedoreError && error.code === "IMAGE_NOT_FOUND") {
      throw new StevedoreError("PARENT_NOT_FOUND", `there is no image ${reference} to be the parent`, {
        cause: error,
      });
    }
    throw error;
  }
}

async function resultOf(
  id: string,
  outcome: Outcome,
  { graph }: WorkerHost,
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
