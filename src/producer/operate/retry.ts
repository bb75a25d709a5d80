// Has jobs that have failed, or were cancelled, done once more.
import type { Job } from "bullmq";
import { type AnyQueueName, batchKey, cancellationName, isSameWorkId } from "../../jobs/index.js";
import { findSame } from "../add/index.js";
import { fulfilCancellations } from "../cancel.js";
import { isScriptError, poisonedRecords } from "../unreadable/index.js";
import { forgetChildren } from "./children.js";
import { gone, type OperateAccess, type Refusal, refused } from "./refusal.js";

/**
 * Takes the deduplication key of each job that has not ended, if nobody else has it, so that whoever enqueues the same
 * joins it. BullMQ removes the key at the job's end.
 * KEYS: `failed`, `completed`; ARGV: the prefix of the queue's keys, then by turns a job's id and its deduplication id.
 */
const joinScript = `
for at = 2, #ARGV, 2 do
  local id = ARGV[at]
  if redis.call("EXISTS", ARGV[1] .. id) == 1 and not redis.call("ZSCORE", KEYS[1], id)
    and not redis.call("ZSCORE", KEYS[2], id) then
    redis.call("SET", ARGV[1] .. "de:" .. ARGV[at + 1], id, "NX")
  end
end`;

/**
 * Puts failed jobs of a queue back into it, with their tries anew, in a few round trips. What an earlier try has done is
 * still there, and each handler bears that, so they stay repeats. A batch makes those of its children again that failed.
 * Refuses a job that has not failed, cannot be read, or whose work another job is doing.
 */
export async function retryJobs(
  access: OperateAccess,
  name: AnyQueueName,
  ids: readonly string[],
): Promise<Refusal[]> {
  const { redis, graphName, queues } = access;
  const queue = queues.of(name);
  const refusals: Refusal[] = [];
  const asked = redis.pipeline();
  for (const id of ids) asked.zscore(queue.toKey("failed"), id);
  const places = (await asked.exec()) ?? [];
  for (const [error] of places) if (error !== null) throw error;
  const failed = ids.filter((_, at) => places[at]?.[1] !== null);
  const others = ids.filter((_, at) => places[at]?.[1] === null);
  refusals.push(...(await Promise.all(others.map((id) => refuseByState(access, name, id)))));

  const unreadable = await poisonedRecords(redis, queue, failed);
  for (const [id, problem] of unreadable) refusals.push(refused(name, id, "retried", problem));
  const readable = failed.filter((id) => !unreadable.has(id));

  const joined = await deduplicationIds(access, name, readable);
  const doing = await unfinishedTwins(access, name, joined);
  const wanted = readable.filter((id) => !doing.has(id));
  for (const [id, twin] of doing) {
    refusals.push(refused(name, id, "retried", `the job ${twin} does the same, and has not ended`));
  }

  await forgetChildren(access, name, wanted);
  await fulfilCancellations(
    redis,
    graphName,
    wanted.map((id) => cancellationName({ id, queue: name })),
  );
  const cleared = redis.pipeline();
  for (const id of wanted) {
    // How often it has lost its worker, and that it is to fail for that.
    cleared.hdel(queue.toKey(id), "stc", "defa").del(batchKey(graphName, id));
  }
  await cleared.exec();
  const retried = await Promise.all(
    wanted.map(async (id) => {
      try {
        // Of the job it takes no more.
        const job = { id, opts: {} } as Job;
        await queue.backend.retryFinishedJob(job, "failed", { resetAttemptsMade: true });
        return true;
      } catch (error) {
        if (!isRefusal(error) && !isScriptError(error)) throw error;
        refusals.push(await refuseByState(access, name, id));
        return false;
      }
    }),
  );
  // A job whose id is its work's is joined by that.
  const joinable = wanted.filter((id, at) => retried[at] && joined.has(id) && joined.get(id) !== id);
  if (joinable.length > 0) {
    const keys = [queue.toKey("failed"), queue.toKey("completed")];
    const pairs = joinable.flatMap((id) => [id, joined.get(id) ?? ""]);
    await redis.eval(joinScript, keys.length, ...keys, queue.toKey(""), ...pairs);
  }
  return refusals;
}

async function refuseByState({ queues }: OperateAccess, name: AnyQueueName, id: string): Promise<Refusal> {
  const state = await queues.of(name).getJobState(id);
  if (state === "unknown") return gone(name, id);
  return refused(name, id, "retried", `only a job that has failed can, and it is ${state}`);
}

/** True for BullMQ's error for a job that is gone, or in another state by now. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "number" && code < 0;
}

/** Those of some jobs that are joined by others which are the same, each with the id by which they are. */
async function deduplicationIds(
  { redis, queues }: OperateAccess,
  name: AnyQueueName,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const asked = redis.pipeline();
  for (const id of ids) asked.hget(queues.of(name).toKey(id), "deid");
  const answers = (await asked.exec()) ?? [];
  return new Map(
    ids.flatMap((id, at): [string, string][] => {
      const [error, joined] = answers[at] ?? [];
      if (error) throw error;
      if (typeof joined === "string") return [[id, joined]];
      return isSameWorkId(id) ? [[id, id]] : [];
    }),
  );
}

/** Those of some jobs that another does, which has not ended or is among them, each with that one. */
async function unfinishedTwins(
  { redis, queues }: OperateAccess,
  name: AnyQueueName,
  joined: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const twins = new Map<string, string>();
  if (joined.size === 0) return twins;
  const queue = queues.of(name);
  const works = [...joined.values()].map((same) => ({ same }));
  const found = await findSame(redis, queue.toKey(""), works);
  const first = new Map<string, string>();
  for (const [at, [id, same]] of [...joined].entries()) {
    const holder = found[at]?.id ?? id;
    const twin = holder !== id ? holder : first.get(same);
    if (twin === undefined) first.set(same, id);
    else twins.set(id, twin);
  }
  return twins;
}
