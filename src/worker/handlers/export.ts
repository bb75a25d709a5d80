// The job `export`: writes images with their layers as an archive to the outbox.
import { exportImages } from "../../interchange/index.js";
import { outboxFileName } from "../../jobs/index.js";
import { addToOutbox, assertNewInOutbox, exportExpiry } from "../../outbox/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { Handler, JobTry, WorkerHost } from "./handler.js";
import { threadsOf } from "./threads.js";

export const exportToOutbox: Handler<"export"> = async (job, host, signal) => {
  const { graph, keepExportsMs } = host;
  const begun = performance.now();
  const { format, compress, canonical } = job.data;
  const file = fileOf(job);
  // Before the work. On a retry the file may be that of the earlier try.
  if (!job.isRepeat) await assertNewInOutbox(graph.root, file);
  const request = {
    purpose: `the export of job ${job.id}`,
    references: await decidedIds(job, graph),
    format,
    compression: compress,
    isCanonical: canonical,
    threads: threadsOf(job, host),
    onProgress: (done: number, total: number) => job.report({ phase: "export", done, total, unit: "bytes" }),
  };
  const make = (stage: string) => exportImages(graph, { ...request, stage }, signal);
  const { path, bytes, digest, images, layers } = await addToOutbox(graph, file, make, signal);
  return {
    file,
    path,
    bytes,
    digest,
    format,
    images: images.map(({ id, names }) => ({ id, names: [...names] })),
    layers,
    ...(keepExportsMs === undefined ? {} : { expiresAt: await exportExpiry(path, keepExportsMs) }),
    durationMs: Math.round(performance.now() - begun),
  };
};

/** The file's name. @throws `INVALID_JOB` if none is given and the job's id cannot be one */
function fileOf({ id, data }: JobTry<"export">): string {
  const file = data.file ?? `${id}.tar`;
  if (outboxFileName.safeParse(file).success) return file;
  throw new StevedoreError("INVALID_JOB", `${file} cannot be a file of the outbox: name another as file`);
}

/** The full ids of the images, stored in the job's data: by its next try a name may stand for another image. */
async function decidedIds(job: JobTry<"export">, graph: WorkerHost["graph"]): Promise<string[]> {
  const { ids } = job.data;
  const decided: string[] = [];
  for (const reference of ids) decided.push(await graph.resolve(reference));
  if (decided.some((id, at) => id !== ids[at])) await job.amend({ ...job.data, ids: decided });
  return decided;
}
