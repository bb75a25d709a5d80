// What can be done with jobs: cancel one, start one.

import { ask, pathTo } from "../api.js";
import type { JobRecord } from "../api-types.js";
import { isBatch, subjectOf } from "../job-kinds.js";
import { navigate } from "../router.js";
import { ActionButton, type Question } from "./action-button.js";

const endedStates = ["completed", "failed", "cancelled"];

/** True for a job of which nothing more will be heard. */
export function hasEnded({ state }: { readonly state: string }): boolean {
  return endedStates.includes(state);
}

/** Of a batch it asks first: its images have to be begun anew. */
export function CancelButton({ job, onDone }: { job: JobRecord; onDone: () => void }) {
  if (hasEnded(job) || job.state === "unknown") return null;
  const cancel = () => ask(`jobs/${pathTo(job.queue, job.id)}`, { method: "DELETE" }).finally(onDone);
  const whole = isBatch(job.name);
  const question: Question = {
    title: `Cancel the batch ${job.name}?`,
    text: "Images that are done stay so; those that are at work or wait are given up.",
    ...{ yes: "Cancel the batch", no: "Let it run" },
  };
  return (
    <ActionButton
      act={cancel}
      kind="danger"
      label={`Cancel the job ${job.name} ${subjectOf(job)}`.trim()}
      {...(whole && { question })}
    >
      Cancel
    </ActionButton>
  );
}

/** For a job that failed or was cancelled. */
export function RetryButton({ job, onDone }: { job: JobRecord; onDone: () => void }) {
  if (job.state !== "failed" && job.state !== "cancelled") return null;
  const retry = () => ask(`jobs/${pathTo(job.queue, job.id)}/retry`, { method: "POST" }).finally(onDone);
  return (
    <ActionButton act={retry} label={`Retry the job ${job.name} ${subjectOf(job)}`.trim()}>
      Retry
    </ActionButton>
  );
}

/** For a job that is not at work; asks first. */
export function RemoveButton({ job, onDone }: { job: JobRecord; onDone: () => void }) {
  if (["active", "waiting-children"].includes(job.state)) return null;
  const remove = async () => {
    await ask(`jobs/${pathTo(job.queue, job.id)}/remove`, { method: "POST" });
    onDone();
  };
  const subject = `${job.name} ${subjectOf(job)}`.trim();
  const question: Question = {
    title: `Remove the job ${job.name}?`,
    text: hasEnded(job)
      ? "Its record with its result and its log will be gone; what it did stays."
      : "It will not be done, and its record will be gone.",
    yes: "Remove",
  };
  return (
    <ActionButton act={remove} kind="danger" label={`Remove the job ${subject}`} question={question}>
      Remove
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
