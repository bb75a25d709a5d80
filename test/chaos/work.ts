// The jobs of one round of a trial, at random, and how a client hands them in that does not give up.
import { closeSync, fsyncSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { contract } from "../../src/jobs/contract.js";
import { JobError } from "../../src/jobs/index.js";
import type { NewJob, Producer } from "../../src/producer/index.js";
import type { SeededRandom } from "../support/seeded-random.js";
import type { Content } from "./contents.js";
import { type AcknowledgedJob, expectedWorld, type Ledger } from "./ledger.js";

/** A job to be handed in, and what the ledger is to know of it. */
export interface PlannedJob {
  readonly job: NewJob;
  readonly note: Omit<AcknowledgedJob, "id" | "queue" | "name">;
}

/** Plans a round: about a dozen jobs of all kinds, most of them about images and mounts of earlier rounds. */
export function planRound(
  round: number,
  ledger: Ledger,
  contents: readonly Content[],
  random: SeededRandom,
): PlannedJob[] {
  const { images, mounts } = expectedWorld(ledger);
  const planned: PlannedJob[] = [];
  const plan = (name: NewJob["name"], data: object, note: PlannedJob["note"]) =>
    planned.push({ job: { name, data, jobId: `r${round}-${planned.length}-${name}` } as NewJob, note });
  const known = [...images.keys()];
  const doomed = known.length > 12 ? random.some(known, random.between(2, 5)) : [];
  /** What may happen to a job about an image that another job deletes. */
  const afterDeletion = (id: string) =>
    doomed.includes(id) ? ["IMAGE_NOT_FOUND", "PARENT_NOT_FOUND", "IMAGE_IN_USE"] : [];

  for (let count = random.between(3, 5); count > 0; count--) {
    const id = `i${round}-${count}`;
    const content = random.pick(contents);
    const parent = known.length > 0 && random.chance(0.4) ? random.pick(known) : undefined;
    const image = { id, ...(parent === undefined ? {} : { parent }) };
    const data = {
      image,
      layer: { path: content.archive },
      ...(random.chance(0.3) ? { checksum: "xz-6" } : {}),
    };
    const mayFail = parent === undefined ? [] : afterDeletion(parent);
    plan("store", data, { image: id, content, mayFail });
    // Two that want the same: one of them is refused.
    if (random.chance(0.2)) {
      for (const note of planned.slice(-1))
        planned.splice(-1, 1, { ...note, note: { ...note.note, mayFail: [...mayFail, "IMAGE_EXISTS"] } });
      plan("store", data, { image: id, content, mayFail: [...mayFail, "IMAGE_EXISTS"] });
    }
  }
  for (const id of random.some(known, 3))
    plan("checksum", { id, force: random.chance(0.4) }, { image: id, mayFail: afterDeletion(id) });
  if (known.length > 0 && random.chance(0.3)) plan("checksum-graph", {}, { mayFail: [] });
  for (const id of random.some(known, 1))
    plan("verify", { id }, { image: id, mayFail: [...afterDeletion(id), "INVALID_JOB"] });
  for (const id of random.some(known, random.between(0, 2)))
    plan("mount", { id }, { image: id, mayFail: afterDeletion(id) });
  for (const [mountId, { target, image }] of mounts) {
    const parentGone = afterDeletion(image);
    if (random.chance(0.5)) {
      const written = { path: `written-${round}`, text: `by round ${round} into ${mountId}\n` };
      writeDurably(target, written.path, written.text);
      const id = `c${round}-${mountId}`;
      plan("commit", { mountId, image: { id } }, { image: id, written, mountId, mayFail: parentGone });
    } else plan("unmount", { mountId }, { mountId, mayFail: [] });
  }
  for (const id of doomed) plan("delete", { id }, { image: id, mayFail: ["IMAGE_IN_USE"] });
  return planned;
}

/**
 * Hands jobs in. Where Redis does not answer, the same job is handed in again under its id: whatever became of the first
 * try, there is one. What was answered is in the ledger.
 */
export async function handIn(
  planned: readonly PlannedJob[],
  producer: Producer,
  ledger: Ledger,
): Promise<void> {
  for (const { job, note } of planned) {
    const id = await untilTaken(producer, job);
    ledger.jobs.push({ ...note, id, name: job.name, queue: contract[job.name].queue });
  }
}

/** Hands the jobs of a round in, some before each of several deeds, which come at a random moment of these jobs. */
export async function handInBetween(
  planned: readonly PlannedJob[],
  deeds: readonly (() => Promise<void>)[],
  { producer, ledger, random }: { producer: Producer; ledger: Ledger; random: SeededRandom },
): Promise<void> {
  const share = Math.ceil(planned.length / deeds.length);
  let handing: Promise<void> = Promise.resolve();
  for (const [at, deed] of deeds.entries()) {
    const jobs = planned.slice(at * share, (at + 1) * share);
    handing = handing.then(() => handIn(jobs, producer, ledger));
    // What fails before it is awaited is told of then.
    handing.catch(() => undefined);
    await sleep(random.between(0, 700));
    await deed();
  }
  await handing;
}

/** Hands one job in, until Redis has taken it. Returns its id. */
export async function untilTaken(producer: Producer, { name, data, jobId = "" }: NewJob): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return (await producer.enqueue(name, data as never, { jobId })).id;
    } catch (error) {
      if (!isUnavailable(error) || tries > mostTries) throw error;
      // A Redis that is full refuses at once.
      await sleep(200);
    }
  }
}

const mostTries = 300;

/** Whether a client was told that it may try again. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof JobError && error.code === "QUEUE_UNAVAILABLE";
}

/** What a power cut must not take, for it was there, and on the disk, before the `commit` was asked for. */
function writeDurably(directory: string, name: string, text: string): void {
  writeFileSync(join(directory, name), text, { flush: true });
  const opened = openSync(directory, "r");
  fsyncSync(opened);
  closeSync(opened);
}
