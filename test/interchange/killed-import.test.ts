// The worker of an import is killed at any moment: the graph has all of its images, or none.
import { once } from "node:events";
import { mkdtempSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import type { JobData } from "../../src/jobs/index.js";
import { type EnqueuedJob, openProducer, type Producer } from "../../src/producer/index.js";
import { type RunningWorker, startWorker } from "../../src/worker/index.js";
import { runJob, useDock } from "../support/dock.js";
import { makeRealImages, realLayers } from "../support/images/real-images.js";
import { quickLockEnvironment, quickLocks } from "../support/processes/quick-locks.js";
import { startStevedore } from "../support/processes/stevedore.js";
import { seededRandom } from "../support/seeded-random.js";

const rounds = 6;

const dock = useDock();
let layout: string;
/** How long an import takes here, in ms. */
let usual = 0;

beforeAll(async () => {
  layout = await makeRealImages(join(dock.scratch, "made"));
  await dock.serving(async ({ producer }) => {
    usual = (await runJob(producer, "import", { source: { path: layout }, name: "x/y" })).durationMs;
  });
});

const seed = 7;
const random = seededRandom(seed);

/** At which share of its usual time each import is killed: anywhere, but spread. */
const shares = Array.from({ length: rounds }, (_, round) => (round + random.next()) / rounds);

// Side by side: the one waits for a lock in Redis to expire.
describe.concurrent("an import whose worker is killed", () => {
  it("is done by the next worker", async () => {
    await withKilledImport(0.5, async ({ producer, job, root, serve }) => {
      const worker = await serve();
      expect((await producer.wait(job)).images).toHaveLength(2);
      await worker.close(0);
      expect(await expectAllOrNone(root)).toBe("all");
    });
  });

  it(`leaves all of its images or none, whenever that is (seed ${seed})`, async () => {
    for (const share of shares) {
      await withKilledImport(share, async ({ producer, root, serve }) => {
        await expectAllOrNone(root);
        const worker = await serve();
        const { images } = await runJob(producer, "import", source());
        expect(images).toHaveLength(2);
        await worker.close(0);
        expect(await expectAllOrNone(root)).toBe("all");
        expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
        expect(readdirSync(join(root, "leases"))).toEqual([]);
      });
    }
  });
});

function source(): JobData<"import"> {
  return { source: { path: layout }, name: "x/y" };
}

interface Killed {
  readonly producer: Producer;
  readonly job: EnqueuedJob<"import">;
  readonly root: string;
  /** Starts the next worker. */
  serve(): Promise<RunningWorker>;
}

async function withKilledImport(share: number, use: (killed: Killed) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(dock.scratch, "killed-"));
  const graph = basename(root);
  const producer = openProducer({ redis: dock.redis, graph });
  try {
    const flags = ["--redis", dock.redis, "--graph", graph, "--allow-source", dock.scratch];
    const victim = startStevedore(["worker", ...flags], { root, env: quickLockEnvironment });
    await victim.says(/serving/);
    const job = await producer.enqueue("import", source());
    for await (const { state } of producer.follow(job)) if (state !== "waiting") break;
    // Not to await anything, but to be anywhere.
    await sleep(share * usual);
    victim.process.kill("SIGKILL");
    await once(victim.process, "exit");
    const options = { redis: dock.redis, graph, root, allowedSources: [dock.scratch] };
    const serve = () => startWorker({ ...options, timing: quickLocks });
    await use({ producer, job, root, serve });
  } finally {
    await producer.close();
  }
}

/** Opens the graph as any process does that may write, and looks what is there. */
async function expectAllOrNone(root: string): Promise<"all" | "none"> {
  const graph = await openGraph(root, { create: true });
  const count = await graph.imageCount();
  const names = await graph.names.all();
  // Each of the two images is one of its own, above its layers.
  expect([0, realLayers.together + 2]).toContain(count);
  expect([...names.keys()]).toEqual(count === 0 ? [] : ["x/y:all", "x/y:sibling"]);
  const depths = await Promise.all([...names.values()].map(async (id) => (await graph.history(id)).length));
  expect(depths).toEqual(count === 0 ? [] : [realLayers.all + 1, realLayers.sibling + 1]);
  await graph.close();
  return count === 0 ? "none" : "all";
}
