// The job `store`: unpacks a source into staging, and registers it as an image.
import { makeRecord, parentOf, parseRecord } from "../../graph/index.js";
import { copyUpFrom, type SplitLayer, type Unpacked, unpack } from "../../layer/index.js";
import { StevedoreError } from "../../terms/index.js";
import { openSource, removeUpload } from "../sources/index.js";
import type { Handler, JobTry, WorkerHost } from "./handler.js";
import { decideFields, describeImage, registerOnce, withinLimit } from "./new-image.js";

export const store: Handler<"store"> = async (job, host, signal) => {
  const begun = performance.now();
  try {
    const record = await recordOf(job, host);
    const { id } = parseRecord(record);
    const parent = parentOf(parseRecord(record));
    const maker = { jobId: job.id, ifExists: job.data.ifExists ?? "fail", name: job.data.name } as const;
    const fillLayer = (layerDirectory: string, splitPath: string) =>
      fill({ layerDirectory, splitPath }, parent, job, host, signal);
    const made = await registerOnce(record, maker, host.graph, fillLayer, signal);
    if (job.data.checksum !== undefined) {
      await host.producer.enqueue("checksum", { id, recipe: job.data.checksum });
    }
    await removeUpload(job.data.layer, host.sources);
    return await describeImage(id, made, host.graph, begun);
  } catch (error) {
    if (job.isFinal(error)) await removeUpload(job.data.layer, host.sources);
    throw error;
  }
};

async function fill(
  { layerDirectory, splitPath }: SplitLayer,
  parent: string | null,
  job: JobTry<"store">,
  { graph, sources, limits, allowSquash }: WorkerHost,
  signal: AbortSignal,
): Promise<Unpacked> {
  await using source = await openSource(job.data.layer, sources, signal);
  const total = source.size ?? 0;
  const onProgress = (done: number) =>
    job.report({ phase: "unpack", done, total: Math.max(done, total), unit: "bytes" });
  const { isArchive, reopen } = source;
  // The archive of a directory was made here, and can be made again without.
  const split = isArchive ? { splitPath, reopen } : {};
  const copyUp = parent === null ? undefined : copyUpFrom(() => graph.layers(parent));
  const options = { limits, allowSquash, onProgress, copyUp, ...split };
  const unpacked = await unpack(source.stream, layerDirectory, options, signal);
  await source.finish();
  return unpacked;
}

/** The record's bytes. A generated id or time is stored in the job's data for its next try. */
async function recordOf(job: JobTry<"store">, { graph, limits }: WorkerHost): Promise<Buffer> {
  const { json, image = {} } = job.data;
  if (json !== undefined) return checkedJson(withinLimit(Buffer.from(json), limits));
  const parent = image.parent === undefined ? undefined : await resolveParent(image.parent, graph);
  const decided = { ...decideFields(image), ...(parent === undefined ? {} : { parent }) };
  const amended = { ...job.data, image: decided };
  if (JSON.stringify(amended) !== JSON.stringify(job.data)) await job.amend(amended);
  return withinLimit(makeRecord(decided), limits);
}

function checkedJson(record: Buffer): Buffer {
  try {
    parseRecord(record);
  } catch (error) {
    // IMAGE_BROKEN is for images on disk; in a job's data it is the job that is wrong.
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
