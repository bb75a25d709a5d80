// Adds jobs to a queue, but for those that join an unfinished job which does the same.
import { randomUUID } from "node:crypto";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { type CheckedJob, isPlain } from "./checked-job.js";
import { addPlain } from "./plain-jobs.js";
import { findSame } from "./same-work.js";

/** Where a job is that was to be added. */
export interface AddedJob {
  readonly id: string;
  /** False if it has joined another, or may have: one that has its work's id. */
  readonly isOwn: boolean;
}

/** Adds the jobs that no unfinished job does yet. @returns for each where it is */
export async function addOrJoin(
  queue: Queue,
  redis: Redis,
  jobs: readonly CheckedJob[],
): Promise<AddedJob[]> {
  // A trace is BullMQ's to tell of.
  if (queue.opts.telemetry === undefined && jobs.every(isPlain)) {
    const { ids, lessUrgent } = await addPlain(queue, redis, jobs);
    await makeAsUrgent(
      queue,
      redis,
      lessUrgent.map((id) => [id, 0]),
    );
    return ids.map((id, at) => ({ id, isOwn: id !== jobs[at]?.same }));
  }
  const works = jobs.flatMap(({ same, jobId }) => (same === undefined ? [] : [{ same, jobId }]));
  const found = works.length === 0 ? [] : await findSame(redis, queue.toKey(""), works);
  const places: AddedJob[] = [];
  const added: { readonly job: Parameters<Queue["addBulk"]>[0][number]; readonly at: number }[] = [];
  /** The works whose first job is among these. */
  const first = new Set<string>();
  const joined: [id: string, priority: number | undefined][] = [];
  let work = 0;
  for (const [at, { name, data, jobId, same, opts }] of jobs.entries()) {
    const twin = same === undefined ? undefined : found[work++];
    const isFree = twin?.id === undefined && twin?.isFree === true && jobId === undefined;
    const twinId = twin?.id ?? (isFree && first.has(same ?? "") ? same : undefined);
    if (twinId !== undefined) {
      places[at] = { id: twinId, isOwn: twinId === jobId };
      if (twinId !== jobId) joined.push([twinId, opts.priority]);
      continue;
    }
    if (isFree) first.add(same ?? "");
    const id = isFree ? same : (jobId ?? randomUUID());
    const deduplication = same === undefined || isFree ? {} : { deduplication: { id: same } };
    added.push({ at, job: { name, data, opts: { ...opts, jobId: id as string, ...deduplication } } });
  }
  const made = added.length === 0 ? [] : await queue.addBulk(added.map(({ job }) => job));
  for (const [index, { at, job }] of added.entries()) {
    const id = made[index]?.id ?? "";
    places[at] = { id, isOwn: id === job.opts?.jobId && id !== jobs[at]?.same };
    if (id !== job.opts?.jobId) joined.push([id, job.opts?.priority]);
  }
  await makeAsUrgent(queue, redis, joined);
  return places;
}

/** Makes waiting jobs as urgent as those that have joined them, each with its priority. */
async function makeAsUrgent(
  queue: Queue,
  redis: Redis,
  joined: readonly (readonly [id: string, priority: number | undefined])[],
): Promise<void> {
  if (joined.length === 0) return;
  const asked = redis.pipeline();
  for (const [id] of joined) asked.hget(queue.toKey(id), "priority");
  const answers = (await asked.exec()) ?? [];
  const wanted = new Map<string, number>();
  for (const [at, [id, priority = 0]] of joined.entries()) {
    const present = wanted.get(id) ?? Number(answers[at]?.[1] ?? 0);
    // 0 goes before all others.
    if (present > 0 && priority < present) wanted.set(id, priority);
  }
  // One that is gone by now needs no priority.
  await Promise.allSettled([...wanted].map((job) => queue.backend.changePriority(...job)));
}
