// What a job knows of its children, and has to forget before it is done once more.
import { type AnyQueueName, keyPrefix } from "../../jobs/index.js";
import type { OperateAccess } from "./refusal.js";

/** How many children are read at a time, about. */
const page = 1_000;

/**
 * Makes jobs forget the children that have ended, and removes the records of those that failed, so that the jobs make them
 * again. A child whose record is kept keeps its result: BullMQ hands it over again when the job adds it.
 */
export async function forgetChildren(
  access: OperateAccess,
  name: AnyQueueName,
  ids: readonly string[],
): Promise<void> {
  const { redis, queues } = access;
  const queue = queues.of(name);
  const partsOf = (id: string) =>
    ["failed", "unsuccessful", "processed"].map((part) => queue.toKey(`${id}:${part}`)) as [
      string,
      string,
      string,
    ];
  const asked = redis.pipeline();
  for (const id of ids) asked.exists(...partsOf(id));
  const answers = (await asked.exec()) ?? [];
  for (const id of ids.filter((_, at) => Number(answers[at]?.[1]) > 0)) {
    const [failed, unsuccessful, processed] = partsOf(id);
    for (let cursor = "0"; ; ) {
      const [next, fields] = await redis.hscan(failed, cursor, "COUNT", page);
      await removeFailed(
        access,
        fields.filter((_, at) => at % 2 === 0),
      );
      cursor = next;
      if (cursor === "0") break;
    }
    await removeFailed(access, await redis.zrange(unsuccessful, "0", "-1"));
    await redis.del(failed, unsuccessful, processed);
  }
}

/** @param keys of the jobs, by which BullMQ names children: the prefix, the queue and the id, which has no colon */
async function removeFailed({ redis, graphName, queues }: OperateAccess, keys: readonly string[]) {
  const prefix = `${keyPrefix(graphName)}:`;
  await Promise.all(
    keys.map(async (key) => {
      const colon = key.lastIndexOf(":");
      const queue = queues.of(key.slice(prefix.length, colon) as AnyQueueName);
      const id = key.slice(colon + 1);
      // One that was retried by itself goes on.
      if ((await redis.zscore(queue.toKey("failed"), id)) !== null) await queue.remove(id);
    }),
  );
}
