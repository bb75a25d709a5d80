// What is watched, and how far each may go: the one table of bounds, with the reason of each.
import type { Bound } from "./trend.js";

const MiB = 1024 ** 2;

/** One thing that is watched. */
export interface Series {
  readonly name: SeriesName;
  readonly format: (value: number) => string;
  readonly bound: Bound;
  readonly reason: string;
}

export type SeriesName =
  | "memory"
  | "descriptors"
  | "threads"
  | "children"
  | "zombies"
  | "latency"
  | "redis-keys"
  | "redis-memory"
  | "redis-clients"
  | "views"
  | "strays";

/** A value of every series. */
export type Sample = Readonly<Record<SeriesName, number>>;

const count = (value: number) => value.toFixed(Number.isInteger(value) ? 0 : 1);
const inMiB = (value: number) => `${(value / MiB).toFixed(1)} MiB`;
const inMs = (value: number) => `${value.toFixed(1)} ms`;

/** All samples are taken while no job is under way: what is there then is kept. */
export const allSeries: readonly Series[] = [
  {
    name: "memory",
    format: inMiB,
    bound: { ratio: 0.1, absolute: 16 * MiB },
    reason:
      "V8 sizes its heap by what it has seen, and glibc keeps freed pages: the level wanders by some MiB",
  },
  {
    name: "descriptors",
    format: count,
    bound: { absolute: 1 },
    reason: "connections stay open and all else is closed: one per run would be noise, one per job is a leak",
  },
  {
    name: "threads",
    format: count,
    bound: { absolute: 1 },
    reason: "those of V8 and libuv's pool are all there after the warm-up",
  },
  { name: "children", format: count, bound: { ceiling: 0 }, reason: "a job awaits the processes it starts" },
  { name: "zombies", format: count, bound: { ceiling: 0 }, reason: "every process that ends is waited for" },
  {
    name: "latency",
    format: inMs,
    bound: { ratio: 1, absolute: 20 },
    reason:
      "the fastest probe since the last sample: what else the machine does only adds, even to that, but not ever more",
  },
  {
    name: "redis-keys",
    format: count,
    bound: { absolute: 60 },
    reason:
      "records are kept up to a number that is reached before the first sample; locks come and go, a batch's plan stays a minute",
  },
  {
    name: "redis-memory",
    format: inMiB,
    bound: { ratio: 0.05, absolute: 1 * MiB },
    reason: "as the keys; a record is as large as its job's data, and Redis trims streams in whole nodes",
  },
  {
    name: "redis-clients",
    format: count,
    bound: { absolute: 1 },
    reason: "a cancellation opens a connection and closes it",
  },
  {
    name: "views",
    format: count,
    bound: { ratio: 0.5, absolute: 20 },
    reason: "as many as images are mounted, which the mixture of jobs lets vary; strays are judged apart",
  },
  {
    name: "strays",
    format: count,
    bound: { ceiling: 0 },
    reason:
      "what lies in the root belongs to an image or a mount there should be; staging and inbox are empty",
  },
];
