// What becomes of commands that a server refuses for now.
import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { connectWithRetry } from "../../src/redis/index.js";
import { startRedis } from "../support/redis/redis-server.js";

it("sends them again until they are done, and leaves no listener on the connection for each", async () => {
  await using server = await startRedis();
  const redis = connectWithRetry(server.url, "key");
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on("warning", onWarning);
  try {
    await redis.ping();
    // A replica refuses every write with READONLY.
    await server.command("REPLICAOF", "127.0.0.1", "1");
    const writes = Array.from({ length: 30 }, (_, at) => redis.set(`key-${at}`, "value"));
    await Promise.race([...writes, new Promise((resolve) => setTimeout(resolve, 500))]);
    await server.command("REPLICAOF", "NO", "ONE");
    expect(new Set(await Promise.all(writes))).toEqual(new Set(["OK"]));
    await setImmediate();
    expect(warnings).toEqual([]);
  } finally {
    process.off("warning", onWarning);
    redis.disconnect();
  }
});
