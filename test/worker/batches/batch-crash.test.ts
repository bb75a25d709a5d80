// A batch whose worker is killed goes on where it stood.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openProducer } from "../../../src/producer/index.js";
import { startWorker } from "../../../src/worker/index.js";
import { useDock } from "../../support/dock.js";
import { writeSingleFileImage } from "../../support/images/single-file-image.js";
import { quickLockEnvironment, quickLocks } from "../../support/processes/quick-locks.js";
import { startStevedore } from "../../support/processes/stevedore.js";

/** Takes a while to compress. */
const layerBytes = 400_000;

const dock = useDock();

it("computes no checksum twice that was stored when the worker was killed, and sums up the whole", async () => {
  const root = join(dock.scratch, "batch-root");
  const graph = "batch-crash";
  const ids = Array.from({ length: 24 }, (_, at) => `image-${at}`);
  for (const id of ids) writeSingleFileImage(root, id, randomBytes(layerBytes / 2).toString("hex"));
  const victim = startStevedore(["worker", "--redis", dock.redis, "--graph", graph], {
    ...{ root, env: quickLockEnvironment },
  });
  const producer = openProducer({ redis: dock.redis, graph });
  try {
    const job = await producer.enqueue("checksum-graph", {});
    for await (const { progress } of producer.follow(job)) {
      if (progress !== undefined && progress.done >= 6) break;
    }
    victim.process.kill("SIGKILL");
    await once(victim.process, "exit");
    const before = new Map(
      ids.map((id) => [id, computedAt(root, id)]).filter(([, at]) => at !== undefined) as [string, string][],
    );
    expect(before.size).toBeGreaterThanOrEqual(6);
    expect(before.size).toBeLessThan(ids.length);

    const worker = await startWorker({ redis: dock.redis, graph, root, timing: quickLocks });
    try {
      const result = await producer.wait(job);
      expect(result).toMatchObject({ total: ids.length, failed: [], layerBytes: ids.length * layerBytes });
      expect(result.computed + result.cached).toBe(ids.length);
      for (const [id, at] of before) expect(computedAt(root, id)).toBe(at);
      for (const id of ids) expect(computedAt(root, id)).toBeDefined();
    } finally {
      await worker.close(0);
    }
  } finally {
    await producer.close();
    await victim.stop("SIGKILL");
  }
});

function computedAt(root: string, id: string): string | undefined {
  const path = join(root, "graph", id, "checksum.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8"))["xz-6"]?.computedAt : undefined;
}
