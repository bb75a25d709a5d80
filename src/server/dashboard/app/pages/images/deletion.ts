// Deletes images, children before their parents: a job for each.
import { ask, pathTo } from "../../api.js";
import type { JobRecord } from "../../api-types.js";
import { onJobEvent } from "../../live.js";
import { hasEnded } from "../../parts/index.js";
import type { Deletable, DeletionPlan } from "./deletion-plan.js";

export interface Refusal {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

/** How many jobs one request enqueues. */
const most = 1_000;
/** How long until jobs that are not heard of are looked at, in ms. */
const lookInterval = 5_000;

/**
 * Enqueues a job `delete` for each image, wave after wave: each waits until the jobs of the one before have ended.
 * @param tell called with the number of jobs that were enqueued so far
 * @returns what was refused; of an image whose child stayed no job is enqueued
 */
export async function deleteInWaves(
  { waves }: DeletionPlan,
  tell: (started: number) => void,
): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = [];
  const stayed = new Set<string>();
  let started = 0;
  for (const [at, wave] of waves.entries()) {
    const going = wave.filter(({ id }) => !stayed.has(id));
    for (const { id, parent } of wave) if (stayed.has(id) && parent !== null) stayed.add(parent);
    const following = followEnds();
    try {
      for (let first = 0; first < going.length; first += most) {
        const part = going.slice(first, first + most);
        const { jobs } = await ask<{ jobs: readonly { readonly id: string; readonly queue: string }[] }>(
          "jobs",
          {
            method: "POST",
            body: part.map(({ id }) => ({ name: "delete", data: { id } })),
          },
        );
        for (const [index, { id, queue }] of jobs.entries())
          following.add(queue, id, part[index] as Deletable);
        started += jobs.length;
        tell(started);
      }
      if (at === waves.length - 1) continue;
      for (const { image, error } of await following.ends()) {
        if (error === undefined) continue;
        refusals.push({ id: image.id, ...error });
        if (image.parent !== null) stayed.add(image.parent);
      }
    } finally {
      following.stop();
    }
  }
  for (const id of stayed) {
    refusals.push({ id, code: "IMAGE_IN_USE", message: "it stays, as an image that builds on it does" });
  }
  return refusals;
}

interface Ended {
  readonly image: Deletable;
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

/** Waits for the ends of jobs, by their events; an outage may swallow those, so now and then the jobs are looked at. */
function followEnds() {
  const waiting = new Map<
    string,
    { readonly queue: string; readonly id: string; readonly image: Deletable }
  >();
  const heard = new Map<string, Ended["error"]>();
  const ended: Ended[] = [];
  let finish: () => void = () => undefined;
  const end = (key: string, error: Ended["error"]) => {
    const job = waiting.get(key);
    if (job === undefined) {
      heard.set(key, error);
      return;
    }
    waiting.delete(key);
    ended.push({ image: job.image, error });
    if (waiting.size === 0) finish();
  };
  const stopListening = onJobEvent(({ queue, id, state, error }) => {
    if (!hasEnded({ state })) return;
    end(`${queue}/${id}`, state === "completed" ? undefined : (error ?? unknown(state)));
  });
  const timer = setInterval(() => {
    for (const [key, { queue, id }] of [...waiting].slice(0, 20)) {
      ask<JobRecord>(`jobs/${pathTo(queue, id)}`).then(
        ({ state, failedReason }) => {
          if (!hasEnded({ state })) return;
          end(
            key,
            state === "completed" ? undefined : { code: state.toUpperCase(), message: failedReason ?? "" },
          );
        },
        () => undefined,
      );
    }
  }, lookInterval);
  return {
    add(queue: string, id: string, image: Deletable) {
      const key = `${queue}/${id}`;
      waiting.set(key, { queue, id, image });
      if (heard.has(key)) end(key, heard.get(key));
    },
    async ends(): Promise<readonly Ended[]> {
      if (waiting.size > 0) await new Promise<void>((resolve) => (finish = resolve));
      return ended;
    },
    stop() {
      stopListening();
      clearInterval(timer);
    },
  };
}

function unknown(state: string) {
  return { code: state.toUpperCase(), message: `the job was ${state}` };
}
