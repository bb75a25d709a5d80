// What a recorded run was told and when, by the length of the disk's log; and what is promised of it at any moment.
import type { Redis } from "ioredis";
import { contract } from "../../../src/jobs/contract.js";
import type { NewJob, Producer } from "../../../src/producer/index.js";
import { type Ledger, openLedger } from "../ledger.js";
import { type PlannedJob, untilTaken } from "../work.js";
import type { ImportedImage } from "./imported.js";

export interface Course {
  /** All of the run. */
  readonly ledger: Ledger;
  /** Moments at which something was answered. */
  moments(): number[];
  /** Hands jobs in, and waits until each has ended. */
  play(planned: readonly PlannedJob[], imports: readonly ImportedImage[]): Promise<void>;
  /** What was promised by then. */
  at(position: number): Moment;
  close(): void;
}

export interface Moment {
  readonly ledger: Ledger;
  readonly imported: { readonly done: readonly ImportedImage[]; readonly open: readonly ImportedImage[] };
}

interface Told {
  readonly handed: number;
  readonly taken: number;
  readonly imported?: ImportedImage;
}

const queues = ["store", "checksum", "mount"];

/**
 * Follows a run.
 * @param reader a connection of its own: it waits for the events of the queues
 * @param noteEnds puts into a ledger how its jobs have ended
 * @param position how long the log is
 */
export function openCourse(
  { graph, producer, reader }: { graph: string; producer: Producer; reader: Redis },
  noteEnds: (ledger: Ledger) => Promise<void>,
  position: () => number,
): Course {
  const ledger = openLedger();
  const told = new Map<string, Told>();
  const ended = new Map<string, number>();
  /** Ids of jobs that were seen to end, whoever waits for them. */
  let wake = () => {};
  const following = follow(graph, reader, (id) => {
    if (!ended.has(id)) ended.set(id, position());
    wake();
  });
  return {
    ledger,
    moments: () => [...ended.values(), ...[...told.values()].map(({ taken }) => taken)],
    async play(planned, imports) {
      const hand = async (job: NewJob, note: PlannedJob["note"], imported?: ImportedImage) => {
        const handed = position();
        const id = await untilTaken(producer, job);
        told.set(id, { handed, taken: position(), ...(imported && { imported }) });
        ledger.jobs.push({ ...note, id, name: job.name, queue: contract[job.name].queue });
      };
      for (const { job, note } of planned) await hand(job, note);
      for (const imported of imports) {
        const { source, name } = imported;
        const data = { source: { path: source }, name };
        await hand(
          { name: "import", data, jobId: name.replace(":", "-") } as NewJob,
          { mayFail: [] },
          imported,
        );
      }
      while (ledger.jobs.some(({ id }) => !ended.has(id)))
        await Promise.race([
          new Promise<void>((resolve) => {
            wake = resolve;
          }),
          following,
        ]);
      await noteEnds(ledger);
    },
    at(now) {
      const jobs = ledger.jobs.filter(({ id }) => (told.get(id)?.handed ?? 0) <= now);
      const isOver = (id: string) => (ended.get(id) ?? Number.POSITIVE_INFINITY) <= now;
      const ends = [...ledger.ends].filter(([id]) => isOver(id));
      const imports = jobs.flatMap(({ id }) => {
        const imported = told.get(id)?.imported;
        return imported === undefined ? [] : [{ id, imported }];
      });
      return {
        ledger: {
          // Whoever was not answered yet was promised nothing.
          jobs: jobs.map((job) => ({ ...job, isForgotten: (told.get(job.id)?.taken ?? 0) > now })),
          ends: new Map(ends),
        },
        imported: {
          done: imports.filter(({ id }) => isOver(id)).map(({ imported }) => imported),
          open: imports.filter(({ id }) => !isOver(id)).map(({ imported }) => imported),
        },
      };
    },
    close: () => reader.disconnect(),
  };
}

/** Tells of each job that ends, until the connection is closed. */
async function follow(graph: string, reader: Redis, tell: (id: string) => void): Promise<void> {
  const streams = queues.map((queue) => `{stevedore:${graph}}:${queue}:events`);
  const last = new Map(streams.map((stream) => [stream, "0"]));
  try {
    for (;;) {
      const answer = await reader.xread("BLOCK", 1_000, "STREAMS", ...streams, ...last.values());
      for (const [stream, events] of answer ?? []) {
        for (const [id, fields] of events) {
          last.set(stream, id);
          const event = new Map<string, string>();
          for (let at = 0; at < fields.length; at += 2) event.set(fields[at] ?? "", fields[at + 1] ?? "");
          const isEnd = ["completed", "failed"].includes(event.get("event") ?? "");
          if (isEnd) tell(event.get("jobId") ?? "");
        }
      }
    }
  } catch (error) {
    if (reader.status !== "end") throw error;
  }
}
