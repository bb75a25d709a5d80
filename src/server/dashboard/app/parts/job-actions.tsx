// What can be done with jobs: cancel one, start one.

import { ask, pathTo } from "../api.js";
import type { JobRecord } from "../api-types.js";
import { isBatch, subjectOf } from "../job-kinds.js";
import { navigate } from "../router.js";
import { ActionButton } from "./action-button.js";

const endedStates = ["completed", "failed", "cancelled"];

/** True for a job of which nothing more will be heard. */
export function hasEnded({ state }: { readonly state: string }): boolean {
  return endedStates.includes(state);
}

export function CancelButton({ job, onDone }: { job: JobRecord; onDone: () => void }) {
  if (hasEnded(job) || job.state === "unknown") return null;
  const cancel = () => ask(`jobs/${pathTo(job.queue, job.id)}`, { method: "DELETE" }).finally(onDone);
  return (
    <ActionButton act={cancel} kind="danger" label={`Cancel the job ${job.name} ${subjectOf(job)}`}>
      Cancel
    </ActionButton>
  );
}

/** Enqueues a job. */
export function startJob(name: string, data: unknown): Promise<JobRecord> {
  return ask<JobRecord>(`jobs/${encodeURIComponent(name)}`, { method: "POST", body: data });
}

/** Enqueues a batch and goes to its page. */
export async function startBatch(name: string): Promise<void> {
  navigate(pathOfJob(await startJob(name, {})));
}

/** The page of a job. */
export function pathOfJob({ queue, id, name }: Pick<JobRecord, "queue" | "id" | "name">): string {
  return isBatch(name) ? `/batches/${encodeURIComponent(id)}` : `/jobs/${pathTo(queue, id)}`;
}
