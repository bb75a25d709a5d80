// How the jobs of a soak have ended, held against how they had to.
import { isDeepStrictEqual } from "node:util";
import type { Outcome, PlannedJob } from "./conductor.js";
import type { Ledger } from "./root-sample.js";

export interface Tally {
  /** How many jobs have ended. */
  readonly count: number;
  readonly lost: number;
  /** Completed, as they had to. */
  readonly completed: number;
  /** Failed, as they had to. */
  readonly failed: number;
  readonly joined: number;
  /** How often each job came to each end, by `job end`, such as `store BAD_ARCHIVE`. */
  readonly endings: ReadonlyMap<string, number>;
  /** Told in a line each. */
  readonly problems: readonly string[];
  /** Notes an outcome; true if it was the right one. */
  note(job: PlannedJob, outcome: Outcome): boolean;
  /** Notes what is wrong besides. */
  complain(problem: string): void;
}

export function newTally(): Tally {
  const endings = new Map<string, number>();
  const problems: string[] = [];
  const counts = { count: 0, lost: 0, completed: 0, failed: 0, joined: 0 };
  return {
    get count() {
      return counts.count;
    },
    get lost() {
      return counts.lost;
    },
    get completed() {
      return counts.completed;
    },
    get failed() {
      return counts.failed;
    },
    get joined() {
      return counts.joined;
    },
    endings,
    problems,
    note(job, outcome) {
      counts.count++;
      const kind = `${job.name} ${outcome.ending}`;
      endings.set(kind, (endings.get(kind) ?? 0) + 1);
      if (outcome.ending === "lost") counts.lost++;
      if (outcome.joined) counts.joined++;
      const problem = whatIsWrong(job, outcome);
      if (problem !== undefined)
        problems.push(`${outcome.id} ${job.name} ${JSON.stringify(job.data)}: ${problem}`);
      else if (outcome.ending === "completed") counts.completed++;
      else counts.failed++;
      return problem === undefined;
    },
    complain: (problem) => void problems.push(problem),
  };
}

/** Keeps the ledger of what there should be in the root. */
export function enter({ name }: PlannedJob, { ending, result }: Outcome, { images, mounts }: Ledger): void {
  if (ending !== "completed") return;
  if (name === "store" || name === "commit") images.add(result.id);
  if (name === "import" || name === "pull") for (const { id } of result.images) images.add(id);
  if (name === "delete") images.delete(result.id);
  if (name === "mount") mounts.add(result.mountId);
  if (name === "unmount") mounts.delete(result.mountId);
}

function whatIsWrong(job: PlannedJob, { ending, message, result, joined }: Outcome): string | undefined {
  if (ending === "lost") return "nothing was heard of it any more";
  if (!job.ends.includes(ending)) return `ended ${ending} instead of ${job.ends.join(" or ")}: ${message}`;
  const { joins = false } = job;
  if (joins !== "maybe" && joins !== joined) return joined ? "joined another" : "did not join the other";
  if (ending !== "completed") return undefined;
  const wrong = Object.entries(job.result ?? {}).filter(
    ([field, value]) => !isDeepStrictEqual(result?.[field], value),
  );
  if (wrong.length === 0) return undefined;
  const [field = "", value] = wrong[0] ?? [];
  return `its ${field} is ${JSON.stringify(result?.[field])} instead of ${JSON.stringify(value)}`;
}
