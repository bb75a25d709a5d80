// Sends requests by the document to a running server, a few at a time, and judges what comes of them.
import fc from "fast-check";
import { queueNames } from "../../../src/jobs/index.js";
import { readApi } from "./api.js";
import { brokenConnections } from "./broken-http.js";
import { judge } from "./judge.js";
import { type Trial, trialsOf } from "./requests.js";
import { openScene, type Scene } from "./scene.js";
import { type HttpAnswer, send } from "./send.js";

export interface FuzzOptions {
  readonly seed: number;
  readonly requests: number;
  /** Send no further request after so many milliseconds. */
  readonly mostMs?: number;
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (sums: Sums) => void;
}

export interface Sums {
  requests: number;
  /** How often each status was answered; 0 is no answer at all. */
  readonly statuses: Record<number, number>;
  /** The same for each operation, for those who may use it. */
  readonly operations: Record<string, Record<number, number>>;
  /** How often each code was given. */
  readonly codes: Record<string, number>;
  readonly failures: string[];
  /** The server's resident memory in bytes: after the first requests, at most, and at the end. */
  readonly memory: { first: number; most: number; last: number };
}

/** How many requests are made up at a time; what was answered to them is known to the next. */
const batch = 100;
/** How many are sent at a time. */
const lanes = 6;
/** After so many failures there is enough to look at. */
const mostFailures = 30;

/** Runs it, and leaves nothing. */
export async function fuzz(options: FuzzOptions): Promise<Sums> {
  const { seed, requests, mostMs = Number.POSITIVE_INFINITY, signal } = options;
  await using scene = await openScene();
  // Counted from the first request on: to make requests up takes seconds on a busy host.
  let end = Number.POSITIVE_INFINITY;
  const api = readApi(scene.document);
  const known = openKnownValues(scene);
  const sums: Sums = {
    ...{ requests: 0, statuses: {}, codes: {}, failures: [] },
    operations: Object.fromEntries(api.operations.map(({ id }) => [id, {}])),
    memory: { first: 0, most: 0, last: 0 },
  };
  const isOver = () => signal?.aborted === true || Date.now() >= end || sums.failures.length >= mostFailures;
  for (let round = 0; sums.requests < requests && !isOver(); round++) {
    if (round % 5 === 4) await scene.replenish();
    const trials = fc.sample(trialsOf(api, known.of), { seed: seed + round, numRuns: batch });
    if (round === 0) end = Date.now() + mostMs;
    const left = trials[Symbol.iterator]();
    const lane = async () => {
      for (const trial of left) {
        if (isOver()) return;
        sums.failures.push(...(await run(scene, api, trial, sums, known)));
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    if (round % 10 === 0) sums.failures.push(...(await brokenConnections(scene.url)));
    sums.failures.push(...scene.complaints().map((line) => `the server's log: ${line}`));
    noteMemory(sums, scene.memory());
    options.onProgress?.(sums);
  }
  sums.failures.push(...(await scene.faults()));
  return sums;
}

async function run(
  scene: Scene,
  api: ReturnType<typeof readApi>,
  trial: Trial,
  sums: Sums,
  known: KnownValues,
): Promise<string[]> {
  const { request, operation, caller, kind } = trial;
  const whole = { ...request, headers: { ...request.headers, ...scene.credentials(caller) } };
  sums.requests++;
  const described = () => `${kind} request of ${caller} to ${operation.id}: ${describe(trial)}`;
  try {
    const answer = await send(scene.url, whole);
    count(sums.statuses, answer?.status ?? 0);
    if (answer === undefined) return [];
    if (caller === "full" && !trial.isOtherMethod) count(sums.operations[operation.id] ?? {}, answer.status);
    const body = bodyOf(answer);
    if (answer.status >= 400) count(sums.codes, String((body as { code?: unknown } | undefined)?.code));
    else known.learn(body);
    return judge(api, trial, answer).map(
      (fault) => `${fault}\n  ${described()}\n  answer: ${answer.body.subarray(0, 1_000).toString()}`,
    );
  } catch (error) {
    return [`${(error as Error).message}\n  ${described()}`];
  }
}

function describe({ request: { method, target, headers, body } }: Trial): string {
  const text = body === undefined ? "" : ` ${body.subarray(0, 1_500).toString()}`;
  return `${method} ${target.slice(0, 1_000)} ${JSON.stringify(headers).slice(0, 1_000)}${text}`;
}

function bodyOf({ headers, body }: HttpAnswer): unknown {
  if (!/json/.test(String(headers["content-type"]))) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

interface KnownValues {
  /** Those for a property or parameter of this name. */
  of(name: string): readonly string[];
  /** Takes note of the ids of an answer. */
  learn(body: unknown): void;
}

/** Values that mean something to this server: those that it began with, and the last that it answered with. */
function openKnownValues({ images, root }: Scene): KnownValues {
  const learnt: Record<string, string[]> = { id: [], mountId: [], upload: [], target: [], next: [] };
  const learn = (value: unknown, depth = 0): void => {
    if (value === null || typeof value !== "object" || depth > 3) return;
    for (const [name, member] of Object.entries(value).slice(0, 50)) {
      const list = learnt[name];
      if (typeof member === "string" && list !== undefined && !list.includes(member)) {
        list.unshift(member);
        list.length = Math.min(list.length, 30);
      } else learn(member, depth + 1);
    }
  };
  return {
    learn,
    of(name) {
      const { id = [], mountId = [], upload = [], target = [], next = [] } = learnt;
      switch (name) {
        case "ref":
        case "parent":
        case "ids":
          return [...images, "ba", ...images, ...id.slice(0, 5)];
        case "id":
          return [...images, ...id];
        case "jobId":
          return ["fuzz-a", "fuzz-b", ...id.slice(0, 5)];
        case "queue":
          return [...queueNames, "mount@nowhere"];
        case "mountId":
          return mountId;
        case "upload":
        case "name":
          return [...upload, "fuzz-1", "fuzz-2", "verify-graph", "checksum"];
        case "cron":
          return ["0 3 * * *", "30 4 1 1 *"];
        case "tz":
          return ["UTC", "Europe/Berlin"];
        case "target":
          return [...target, `${root}/mounts/here`, "/mnt"];
        case "path":
          return [`${root}/inbox/fuzz-1`, `${root}/graph/base/layer`, "/etc/passwd"];
        case "url":
          return ["http://127.0.0.1:1/x", "http://localhost/x"];
        case "json":
          return ['{"id":"x"}', "{}"];
        case "cursor":
          return next;
        case "idempotency-key":
          return ["fuzz-1", "fuzz-2", '"fuzz 3"'];
        case "last-event-id":
          return ["0-0", "1-0", "99999999999999-0"];
        case "prefix":
          return ["b", "le", ""];
        case "host":
          return ["nowhere"];
        default:
          return [];
      }
    },
  };
}

function count(counts: Record<string | number, number>, what: string | number): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

function noteMemory({ memory }: Sums, bytes: number): void {
  if (memory.first === 0) memory.first = bytes;
  memory.most = Math.max(memory.most, bytes);
  memory.last = bytes;
}
