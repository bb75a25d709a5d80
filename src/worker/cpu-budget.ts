// The CPU threads that the jobs of a worker process share.
import { defaultRecipe, recipes } from "../terms/index.js";
import { openTurnsByUrgency, type Turn, type UrgentWork } from "./turns.js";

/** How many bytes of a layer keep one thread busy: a block. */
const bytesPerThread = recipes[defaultRecipe].blockSize;

export interface CpuBudget {
  /** How many threads there are to share. */
  readonly threads: number;
  /** How many of them are taken now. */
  busy(): number;
  /** How many pieces of work wait for a thread. */
  waiting(): number;
  /**
   * Waits for its turn and takes a thread.
   * @throws `CANCELLED`
   */
  takeOne(work: UrgentWork, signal: AbortSignal): Promise<Turn>;
  /** The same for work that can use several: one per 8 MiB that remain, as many of these as are free. */
  takeSome(work: UrgentWork, signal: AbortSignal): Promise<Turn>;
}

/** Makes a budget of that many threads. */
export function openCpuBudget(threads: number): CpuBudget {
  const turns = openTurnsByUrgency(() => threads);
  return {
    threads,
    busy: turns.taken,
    waiting: turns.waiting,
    takeOne: (work, signal) => turns.take(work, 1, signal),
    takeSome: (work, signal) =>
      turns.take(work, Math.max(1, Math.min(Math.ceil(work.remaining() / bytesPerThread), threads)), signal),
  };
}
