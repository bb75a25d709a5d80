// Looks for the jobs of a queue that a filter means, in chunks. What it finds may match: the record decides.
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { reasonPrefix } from "../../jobs/index.js";
import type { JobFilter } from "../job-filter.js";
import type { KeptState } from "../job-records.js";
import { mostLooked, scanScript } from "./scan-script.js";

/** An entry of a list or a sorted set. */
export interface FoundJob {
  readonly id: string;
  /** The score in a sorted set; 0 in a list. */
  readonly score: number;
  /** Undefined if the record does not tell. */
  readonly createdAt: number | undefined;
  /** The size of data and result as JSON. */
  readonly bytes: number;
}

/** Where a scan stands: behind the entry that was looked at last. */
export interface ScanPlace {
  readonly id: string;
  readonly score: number;
  /** Where in the list or the set that is presumed to be. */
  readonly at: number;
}

interface Chunk {
  readonly found: readonly FoundJob[];
  /** Undefined at the end. */
  readonly next: ScanPlace | undefined;
}

/** Where a scan begins: behind an entry, at a score of a sorted set, or by default at the newest. */
export type ScanStart = Pick<ScanPlace, "id" | "score"> | { readonly highest: number } | undefined;

/**
 * Yields the jobs of one state that may match, the newest first as BullMQ keeps them, chunk by chunk.
 * @param most how many are wanted at a time
 */
export async function* scanJobs(
  redis: Redis,
  queue: Queue,
  kept: KeptState,
  filter: JobFilter,
  most: number,
  start: ScanStart,
): AsyncGenerator<readonly FoundJob[], void> {
  let place: ScanPlace | undefined = start !== undefined && "id" in start ? { ...start, at: 0 } : undefined;
  const highest = start !== undefined && "highest" in start ? start.highest : undefined;
  do {
    const chunk: Chunk = await scanChunk(redis, queue, kept, filter, { most, place, highest });
    yield chunk.found;
    place = chunk.next;
  } while (place !== undefined);
}

async function scanChunk(
  redis: Redis,
  queue: Queue,
  kept: KeptState,
  filter: JobFilter,
  {
    most,
    place,
    highest,
  }: {
    readonly most: number;
    readonly place: ScanPlace | undefined;
    readonly highest: number | undefined;
  },
): Promise<Chunk> {
  const isList = kept === "waiting" || kept === "active";
  const score = place?.score ?? highest;
  const args = [
    ...[isList ? "list" : "set", place?.id ?? "", score === undefined ? "" : String(score)],
    ...[place?.at ?? 0, mostLooked, most],
    ...testsOf(filter, kept),
  ];
  const key = queue.toKey(kept === "waiting" ? "wait" : kept);
  const [isEnd, at, id, last, flat] = (await redis.eval(scanScript, 2, key, queue.toKey(""), ...args)) as [
    ...[number, number, string, string, (string | number)[]],
  ];
  return { found: readFound(flat), next: isEnd === 1 ? undefined : { id, score: Number(last), at } };
}

/** Those of some ids of one state that may match, in their order. */
export async function siftIds(
  redis: Redis,
  queue: Queue,
  kept: KeptState,
  filter: JobFilter,
  ids: readonly string[],
): Promise<readonly string[]> {
  if (testsOf(filter, kept).every((test) => test === "")) return ids;
  const key = queue.toKey(kept === "waiting" ? "wait" : kept);
  const sifted: string[] = [];
  for (let at = 0; at < ids.length; ) {
    const args = ["ids", "", "", at, mostLooked, ids.length, ...testsOf(filter, kept), ...ids];
    const answer = await redis.eval(scanScript, 2, key, queue.toKey(""), ...args);
    const [isEnd, next, , , flat] = answer as [number, number, string, string, (string | number)[]];
    sifted.push(...readFound(flat).map(({ id }) => id));
    at = isEnd === 1 ? ids.length : next;
  }
  return sifted;
}

/** The arguments 7 to 13 of the script. */
function testsOf({ state, name, image, code, since, before }: JobFilter, kept: KeptState): string[] {
  const cancelled = reasonPrefix("CANCELLED");
  const isEnded = kept === "completed" || kept === "failed";
  const time = (ms: number | undefined) => (ms === undefined || isEnded ? "" : String(ms));
  // Such a name may be what is shown of a longer one, or of one with other characters.
  const isShown = name !== undefined && (name.endsWith("...") || name.includes("\\u"));
  return [
    name === undefined || isShown ? "" : name,
    image === undefined ? "" : JSON.stringify(image),
    code === undefined ? (state === "cancelled" ? cancelled : "") : reasonPrefix(code),
    state === "failed" ? cancelled : "",
    time(since),
    time(before),
    // No other job has a result, and each field that is looked at takes time.
    image !== undefined && kept === "completed" ? "1" : "",
  ];
}

function readFound(flat: readonly (string | number)[]): FoundJob[] {
  const found: FoundJob[] = [];
  for (let at = 0; at + 3 < flat.length; at += 4) {
    const [id, score, timestamp, bytes] = flat.slice(at, at + 4);
    const createdAt = timestamp === "" ? Number.NaN : Number(timestamp);
    found.push({
      id: String(id),
      score: Number(score),
      createdAt: Number.isFinite(createdAt) ? createdAt : undefined,
      bytes: Number(bytes),
    });
  }
  return found;
}
