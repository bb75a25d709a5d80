// Job records that nothing of ours or BullMQ's writes, but that anybody may who can write to Redis.
import type { Redis } from "ioredis";

/** A record, and what our error says of it. */
export interface Poison {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly says: RegExp;
  /** There is no hash at all, or a key that holds something else. */
  readonly key?: "gone" | "string";
}

const sound = { name: "checksum", data: '{"id":"a"}', opts: "{}", timestamp: "1700000000000" };

/** The name of 1 MB that one of them has. */
export const longName = "n".repeat(1024 ** 2);

/** One of each kind. */
export const poisons: readonly Poison[] = [
  { id: "bad", fields: { ...sound, data: "", opts: "not json", timestamp: "abc" }, says: /timestamp.*opts/ },
  { id: "data", fields: { ...sound, data: "{" }, says: /its data is not JSON/ },
  { id: "opts-list", fields: { ...sound, opts: "[1]" }, says: /its opts are not a JSON object/ },
  { id: "parent", fields: { ...sound, parent: "<xml>" }, says: /its parent is not a JSON object/ },
  { id: "parent-key", fields: { ...sound, parent: "no", parentKey: "nothing" }, says: /its parent/ },
  { id: "tries", fields: { ...sound, atm: "many" }, says: /its atm is not a whole number/ },
  { id: "starts", fields: { ...sound, ats: "1.5" }, says: /its ats is not a whole number/ },
  { id: "lost", fields: { ...sound, stc: "x" }, says: /its stc is not a whole number/ },
  { id: "delay", fields: { ...sound, delay: "soon", priority: "high" }, says: /its delay.*its priority/ },
  { id: "gone", fields: {}, says: /record is gone/, key: "gone" },
  { id: "string", fields: {}, says: /its key holds no hash/, key: "string" },
  { id: "line\nbreak", fields: { ...sound, opts: "x" }, says: /its opts/ },
  { id: "4", fields: { ...sound, timestamp: "" }, says: /its timestamp is not a number/ },
];

/** Records whose job could run, were it not for its name, and what is left over from before. */
export const strangers: readonly Poison[] = [
  { id: "long-name", fields: { ...sound, name: longName }, says: /there is no job called "n+\.\.\."/ },
  { id: "forger", fields: { ...sound, name: "x\n2026 forged" }, says: /there is no job called/ },
];

/** Puts them into the list of those that wait. @param prefix of the queue's keys, such as `{stevedore:default}:checksum:` */
export async function plant(redis: Redis, prefix: string, planted: readonly Poison[]): Promise<void> {
  for (const { id, fields, key } of planted) {
    if (key === "string") await redis.set(prefix + id, "x");
    else if (key === undefined) await redis.hset(prefix + id, fields);
    await redis.lpush(`${prefix}wait`, id);
  }
  await redis.zadd(`${prefix}marker`, 0, "0");
}
