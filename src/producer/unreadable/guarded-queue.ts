// Makes BullMQ's queues and workers read records that it cannot read by itself. This is the one place where it is done, for
// whatever reads jobs through them: the producer, the routes, Bull Board and the worker.
import type { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { formatFailedReason } from "../../jobs/index.js";
import { keepCallbacks } from "../callbacks/index.js";
import { failRecord, type KeyedQueue, removeRecord } from "./end-record.js";
import {
  counterFields,
  isPlainlySound,
  mendFields,
  poisonFields,
  type RecordFields,
} from "./mended-fields.js";

type Backend = Queue["backend"];
/** A hash as a script returns it: names and values by turns. */
type FlatFields = readonly string[];

/** The lists and sorted sets of BullMQ's states. */
const places = {
  lists: ["wait", "active"],
  sets: ["completed", "failed", "delayed", "prioritized", "waiting-children"],
} as const;

/**
 * Lets a queue read every record. A record that cannot be read is one whose `failedReason` says why, if it has none of its
 * own; one that is gone, or whose key holds something else, is there for as long as it stands in a state. Either can be
 * removed.
 */
export function guardQueue(queue: Queue, redis: Redis): Queue {
  const { backend } = queue;
  const read = backend.getJobData;
  const remove = backend.remove.bind(backend);
  backend.getJobData = async (id) => {
    const raw = await readFields(redis, queue.toKey(id));
    // The queue's own keys, such as `meta`, have no time of creation, and stand in no state.
    if (raw?.timestamp === undefined && !(await stands(redis, queue, id))) return undefined;
    const { fields, problem: found } = mendFields(raw ?? {});
    const problem = raw === undefined ? foreignKey : found;
    if (problem !== undefined) fields.failedReason ||= formatFailedReason("INVALID_JOB", problem);
    // BullMQ's own reading of fields, which it does not export, from fields that it can read.
    const client = Promise.resolve({ hgetall: async () => fields });
    const job = await read.call({ queue: { client, toKey: queue.toKey } } as unknown as Backend, id);
    if (job !== undefined && raw !== undefined) keepCallbacks(job.opts ?? {}, raw);
    return job;
  };
  // BullMQ's script leaves out ids without a record, and fails for a key that holds no hash.
  backend.getJobs = async (types, start = 0, end = -1, asc = false) => {
    const ranges = (await backend.getRanges(types, start, end, asc)) as unknown as (string[] | null)[];
    return ranges.map((ids, at) => {
      const isList = types[at] === "waiting" || types[at] === "wait" || types[at] === "active";
      const inOrder = asc && isList ? [...(ids ?? [])].reverse() : (ids ?? []);
      return inOrder.map((id): [string, string[]] => [id, []]);
    });
  };
  backend.remove = async (id, removeChildren) => {
    try {
      return await remove(id, removeChildren);
    } catch (error) {
      if (!isScriptError(error)) throw error;
      return (await removeRecord(redis, queue, id)) ? 1 : 0;
    }
  };
  return queue;
}

/**
 * Lets a worker take up every record. One that cannot be read fails once and for good with `INVALID_JOB`: by BullMQ, or by
 * a script of our own where BullMQ's cannot.
 * @param failed called with what BullMQ did not fail
 */
export function guardWorker(
  worker: Worker,
  redis: Redis,
  failed: (id: string, reason: string) => void = () => undefined,
): Worker {
  const backend = worker.getBackend();
  const execute = backend.execCommand.bind(backend);
  const fail = async (id: string, problem: string) => {
    const reason = formatFailedReason("INVALID_JOB", problem);
    if (await failRecord(redis, worker, id, reason)) failed(id, reason);
  };
  const take = async (answer: unknown): Promise<unknown> => {
    const next = asNextJob(answer);
    if (next === undefined) return answer;
    const { id, flat } = next;
    if (isPlainlySound(flat)) return answer;
    const raw = unflatten(flat);
    const { fields, problem, isPoison, breaksScripts } = mendFields(raw);
    if (problem === undefined) {
      const isNamed = fields.name === raw.name;
      return isNamed ? answer : [flatten(fields), ...(answer as unknown[]).slice(1)];
    }
    if (breaksScripts) {
      await fail(id, problem);
      return noJob;
    }
    // BullMQ fails a job with `defa` instead of running it.
    if (isPoison) fields.defa = formatFailedReason("INVALID_JOB", problem);
    return [flatten(fields), ...(answer as unknown[]).slice(1)];
  };
  backend.execCommand = async (client: never, name: string, args: readonly (string | number)[]) => {
    // This one takes a job out of its queue before it counts it.
    if (name === "moveStalledJobsToWait") await failBroken(redis, worker, fail);
    try {
      return await take(await execute(client, name, args as never));
    } catch (error) {
      if (!isScriptError(error)) throw error;
      await failBroken(redis, worker, fail);
      if (name === "moveToFinished" && (await hasFinished(redis, args))) return undefined;
      throw error;
    }
  };
  return worker;
}

/** Whether the script did end the job of its arguments: it stopped at the next one, which it took up. */
async function hasFinished(redis: Redis, args: readonly (string | number)[]): Promise<boolean> {
  const { set, id } = { set: String(args[10]), id: String(args[14]) };
  return (await redis.zscore(set, id)) !== null;
}

/** What a script answers if there is no job to take up. */
const noJob = [0, 0, 0, 0];
const foreignKey = "the job's record is unreadable: its key holds no hash";

/** A job that a script took up, with its id. */
function asNextJob(answer: unknown): { readonly id: string; readonly flat: FlatFields } | undefined {
  if (!Array.isArray(answer) || !Array.isArray(answer[0]) || typeof answer[1] !== "string") return undefined;
  const [flat, id] = answer as [FlatFields, string];
  return { id, flat };
}

function unflatten(flat: FlatFields): RecordFields {
  const raw: Record<string, string> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) raw[flat[at] ?? ""] = flat[at + 1] ?? "";
  return raw;
}

function flatten(fields: RecordFields): FlatFields {
  return Object.entries(fields).flat();
}

/** Fails those of the jobs that were taken up which make BullMQ's scripts stop half-way. */
async function failBroken(
  redis: Redis,
  queue: KeyedQueue,
  fail: (id: string, problem: string) => Promise<void>,
): Promise<void> {
  const ids = await redis.lrange(queue.toKey("active"), 0, -1);
  for (const [id, problem] of await brokenRecords(redis, queue, ids)) await fail(id, problem);
}

/** Those of some jobs that BullMQ's scripts cannot end, with what is wrong with each. */
export function brokenRecords(
  redis: Redis,
  queue: KeyedQueue,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const names = ["name", "timestamp", "parent", ...counterFields];
  return findProblems(redis, queue, ids, names, ({ breaksScripts }) => breaksScripts);
}

/** Those of some jobs that cannot be run, with what is wrong with each. */
export function poisonedRecords(
  redis: Redis,
  queue: KeyedQueue,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  return findProblems(redis, queue, ids, poisonFields, ({ isPoison }) => isPoison);
}

async function findProblems(
  redis: Redis,
  queue: KeyedQueue,
  ids: readonly string[],
  names: readonly string[],
  isMeant: (mended: ReturnType<typeof mendFields>) => boolean,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (ids.length === 0) return found;
  const asked = redis.pipeline();
  for (const id of ids) asked.hmget(queue.toKey(id), ...names);
  for (const [at, [error, values]] of ((await asked.exec()) ?? []).entries()) {
    const id = ids[at] ?? "";
    if (isOtherKey(error)) found.set(id, foreignKey);
    if (error !== null) continue;
    const raw = Object.fromEntries(
      (values as (string | null)[]).flatMap((value, of) => (value === null ? [] : [[names[of], value]])),
    );
    const mended = mendFields(raw);
    if (mended.problem !== undefined && isMeant(mended)) found.set(id, mended.problem);
  }
  return found;
}

/** The fields of a hash; undefined for a key that holds something else. */
async function readFields(redis: Redis, key: string): Promise<RecordFields | undefined> {
  try {
    return await redis.hgetall(key);
  } catch (error) {
    if (isOtherKey(error)) return undefined;
    throw error;
  }
}

/** Whether an id stands in some state of a queue, whatever there is of its record. */
export async function stands(redis: Redis, queue: KeyedQueue, id: string): Promise<boolean> {
  const asked = redis.pipeline();
  for (const set of places.sets) asked.zscore(queue.toKey(set), id);
  for (const list of places.lists) asked.lpos(queue.toKey(list), id);
  const answers = (await asked.exec()) ?? [];
  for (const [error] of answers) if (error !== null) throw error;
  return answers.some(([, answer]) => answer !== null);
}

/** True for Redis's error for a key that does not hold a job. */
export function isOtherKey(error: unknown): boolean {
  return error instanceof Error && error.message.includes("WRONGTYPE");
}

/** True for the error of a script of BullMQ's that met a value which it did not expect. */
export function isScriptError(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name === "ReplyError" &&
    /WRONGTYPE|not an integer|user_script|Error running script|Lua/.test(error.message)
  );
}
