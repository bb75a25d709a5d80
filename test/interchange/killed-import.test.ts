// The worker of an import is killed at any moment: the graph has all of its images, or none.
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { openProducer } from "../../src/producer/index.js";
import { startWorker } from "../../src/worker/index.js";
import { type Dock, openDock, runJob } from "../support/dock.js";
import { makeRealImages, realLayers } from "../support/real-images.js";
import { seededRandom } from "../support/seeded-random.js";
import { startStevedore } from "../support/stevedore.js";

const rounds = 6;

let dock: Dock;
let layout: string;
/** How long an import takes here, in ms. */
let usual = 0;

beforeAll(async () => {
  dock = await openDock();
  layout = await makeRealImages(join(dock.scratch, "made"));
  await dock.serving(async ({ producer }) => {
    usual = (await runJob(producer, "import", { source: { path: layout }, name: "x/y" })).durationMs;
  });
});
afterAll(() => dock[Symbol.asyncDispose]());

const seed = 7;
const random = seededRandom(seed);

/** At which share of its usual time each import is killed: anywhere, but spread. */
const shares = Array.from({ length: rounds }, (_, round) => ((round + random.next()) / rounds).toFixed(2));

it.each(shares)(
  `an import killed after a share of %s of its time leaves all of its images or none, and is done again (seed ${seed})`,
  async (share) => {
    const graphName = `killed-${share}`;
    const root = join(dock.scratch, graphName);
    const producer = openProducer({ redis: dock.redis, graph: graphName });
    try {
      const flags = ["--redis", dock.redis, "--graph", graphName, "--allow-source", dock.scratch];
      const victim = startStevedore(["worker", ...flags], { root });
      await victim.says(/serving/);
      const job = await producer.enqueue("import", { source: { path: layout }, name: "x/y" });
      for await (const { state } of producer.follow(job)) if (state !== "waiting") break;
      // Not to await anything, but to be anywhere.
      await sleep(Number(share) * usual);
      victim.process.kill("SIGKILL");
      await once(victim.process, "exit");

      await expectAllOrNone(root);
      const worker = await startWorker({
        redis: dock.redis,
        graph: graphName,
        root,
        allowedSources: [dock.scratch],
      });
      expect((await producer.wait(job)).images).toHaveLength(2);
      await worker.close(0);
      expect(await expectAllOrNone(root)).toBe("all");
      expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
      expect(readdirSync(join(root, "leases"))).toEqual([]);
    } finally {
      await producer.close();
    }
  },
);

/** Opens the graph as any process does that may write, and looks what is there. */
async function expectAllOrNone(root: string): Promise<"all" | "none"> {
  const graph = await openGraph(root, { create: true });
  const count = await graph.imageCount();
  const names = await graph.names.all();
  expect([0, realLayers.together]).toContain(count);
  expect([...names.keys()]).toEqual(count === 0 ? [] : ["x/y:all", "x/y:sibling"]);
  const depths = await Promise.all([...names.values()].map(async (id) => (await graph.history(id)).length));
  expect(depths).toEqual(count === 0 ? [] : [realLayers.all, realLayers.sibling]);
  await graph.close();
  return count === 0 ? "none" : "all";
}
