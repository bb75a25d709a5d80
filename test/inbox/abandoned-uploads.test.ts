import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { removeAbandonedUploads } from "../../src/inbox/index.js";
import { openProducer, uploadsInUse } from "../../src/producer/index.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
let redis: TestDatabase;
beforeAll(async () => {
  redis = await openDatabase();
});
afterAll(() => redis[Symbol.asyncDispose]());

it("goes what no job names and is old, be it a directory; what a job waits for and what is young stays", async () => {
  const inbox = await scratch.fresh();
  const producer = openProducer({ redis: redis.url, graph: "uploads" });
  try {
    for (const name of ["awaited", "left"]) writeFileSync(join(inbox, name), name);
    mkdirSync(join(inbox, "left-directory/below"), { recursive: true });
    await producer.enqueue("store", { layer: { upload: "awaited" } });
    expect(await removeAbandonedUploads(inbox, () => uploadsInUse(producer), 3_600_000)).toEqual([]);
    expect(readdirSync(inbox).sort()).toEqual(["awaited", "left", "left-directory"]);
    const removed = await removeAbandonedUploads(inbox, () => uploadsInUse(producer), -1);
    expect(removed.sort()).toEqual(["left", "left-directory"]);
    expect(readdirSync(inbox)).toEqual(["awaited"]);
  } finally {
    await producer.close();
  }
});
