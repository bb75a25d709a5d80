// What a real Redis refuses, as a producer tells it, until Redis takes it again.
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openProducer } from "../../src/producer/index.js";
import { startRedis, type TestRedis } from "../support/redis/redis-server.js";
import { until } from "../support/until.js";

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** Has a producer refused, which is told of by the word, and then taken again. */
async function refusing(
  word: string,
  begin: () => Promise<unknown>,
  end: () => Promise<unknown>,
): Promise<void> {
  const producer = openProducer({ redis: redis.url, graph: "refused" });
  try {
    await producer.enqueue("checksum", { id: "a" });
    await begin();
    const id = `image-${randomUUID()}`;
    await expect(producer.enqueue("checksum", { id })).rejects.toMatchObject({
      code: "QUEUE_UNAVAILABLE",
      message: expect.stringMatching(new RegExp(`refuses: ${word} .*\\(.*\\)$`)),
    });
    await end();
    await until("it is taken", () => producer.enqueue("checksum", { id }).then(() => true));
  } finally {
    await producer.close();
  }
}

it("is READONLY of a replica", () =>
  refusing(
    "READONLY",
    () => redis.command("REPLICAOF", "127.0.0.1", "1"),
    () => redis.command("REPLICAOF", "NO", "ONE"),
  ));

it("is BUSY while a script runs", async () => {
  await redis.command("CONFIG", "SET", "busy-reply-threshold", "50");
  // A connection that is there before: a new one would be refused as well.
  const operator = new Redis(redis.url);
  await operator.ping();
  let script: Promise<unknown> = Promise.resolve();
  await refusing(
    "BUSY",
    async () => {
      script = redis.command("EVAL", "while true do end", 0).catch(() => undefined);
      await until("it has run for too long", () =>
        operator.ping().then(
          () => false,
          (error: Error) => error.message.startsWith("BUSY"),
        ),
      );
    },
    () => operator.script("KILL"),
  );
  await script;
  operator.disconnect();
});

it("is MISCONF while Redis cannot write its files", () =>
  refusing(
    "MISCONF",
    async () => {
      await redis.command("CONFIG", "SET", "appendonly", "no");
      await redis.command("CONFIG", "SET", "save", "3600 1");
      mkdirSync(`${redis.directory}/dump.rdb/in-the-way`, { recursive: true });
      await redis.command("BGSAVE");
      await until("it has failed", async () =>
        /rdb_last_bgsave_status:err/.test(String(await redis.command("INFO", "persistence"))),
      );
    },
    () => redis.command("CONFIG", "SET", "stop-writes-on-bgsave-error", "no"),
  ));

it("is NOPERM of a user without a right, and WRONGPASS of a password that changed", async () => {
  await redis.command(
    "ACL",
    "SETUSER",
    "weak",
    "on",
    ">secret",
    "~*",
    "&*",
    "+@all",
    "-set",
    "-eval",
    "-evalsha",
  );
  const producer = openProducer({ redis: redis.urlOf("weak", "secret"), graph: "refused" });
  try {
    // One that waits already is joined, which takes no write.
    const id = `image-${randomUUID()}`;
    await expect(producer.enqueue("checksum", { id })).rejects.toMatchObject({
      message: expect.stringMatching(/refuses: NOPERM .*lacks a right/),
    });
    await redis.command("ACL", "SETUSER", "weak", "+@all");
    await producer.enqueue("checksum", { id: "a" });
  } finally {
    await producer.close();
  }
  const stranger = openProducer({ redis: redis.urlOf("weak", "wrong"), graph: "refused" });
  try {
    await expect(stranger.enqueue("checksum", { id: "a" })).rejects.toMatchObject({
      code: "QUEUE_UNAVAILABLE",
      message: expect.stringMatching(/refuses: WRONGPASS .*password of the URL is wrong/),
    });
  } finally {
    await stranger.close();
  }
});
