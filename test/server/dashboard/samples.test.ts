// The samples of the last hour: what they count, that several servers do not double them, and that they stay.
import { describe, expect, it, vi } from "vitest";
import { connectFailFast } from "../../../src/redis/connection.js";
import { readSamples, type Sample, takeSamples } from "../../../src/server/dashboard/samples.js";
import { openDock, runJob } from "../../support/dock.js";
import { servingHttp } from "../../support/http/http-server.js";

/** Much shorter than that of a server, in ms. */
const interval = 1_000;

describe("samples", () => {
  it("count each job once however many servers take them, and outlive these", async () => {
    await using dock = await openDock();
    await dock.serving(async ({ producer, root, graphName }) => {
      const connection = connectFailFast(dock.redis, "samples");
      const stop = new AbortController();
      const context = { producer, root, graphName, signal: stop.signal };
      const servers = [1, 2, 3].map(() => takeSamples(context, connection, interval));
      const read = () => readSamples(connection.redis, graphName);
      try {
        await vi.waitFor(async () => expect(await read()).not.toEqual([]), 30_000);
        await runJob(producer, "store", { image: { id: "one" }, layer: { path: dock.archive } });
        await runJob(producer, "checksum", { id: "one" });
        await expect(runJob(producer, "checksum", { id: "none" })).rejects.toThrow("none");
        await vi.waitFor(async () => {
          expect(sumOf(await read(), "completed")).toBe(2);
          expect(sumOf(await read(), "failed")).toBe(1);
        }, 30_000);
      } finally {
        stop.abort();
        await Promise.all(servers);
      }
      const samples = await read();
      const times = samples.map(({ at }) => at);
      expect(times).toEqual([...new Set(times)].sort((one, other) => one - other));
      expect(times.every((at) => at % interval === 0)).toBe(true);
      const last = samples.at(-1);
      expect(last?.queues.checksum).toMatchObject({ waiting: 0, active: 0, failed: 1 });
      expect(last?.diskFree).toBeGreaterThan(0);
      connection.close();
    });
  });

  it("are shown by the overview, as series of equal length", async () => {
    await using dock = await openDock();
    await servingHttp(dock, async ({ ask }) => {
      const { status, body } = await ask("/api/v1/overview");
      expect(status).toBe(200);
      const { at, queues, ...series } = body.samples;
      for (const values of Object.values(series)) expect(values).toHaveLength(at.length);
      expect(Object.keys(queues)).toEqual(["store", "checksum", "mount"]);
      expect(body.interval).toBe(10_000);
      expect(body.disk.bytesFree).toBeGreaterThan(0);
      await vi.waitFor(
        async () => expect((await ask("/api/v1/overview")).body.workers).toHaveLength(1),
        30_000,
      );
    });
  });
});

describe("a batch's children", () => {
  it("are told by what became of them, and the failed ones by name", async () => {
    await using dock = await openDock();
    await servingHttp(dock, async ({ producer, ask }) => {
      for (const id of ["good", "bad"]) {
        await runJob(producer, "store", { image: { id }, layer: { path: dock.archive } });
      }
      // Of the other nothing is stored to verify it by.
      await runJob(producer, "checksum", { id: "good", recipe: "xz-1" });
      const batch = await producer.enqueue("verify-graph", {});
      await producer.wait(batch);
      const path = `/api/v1/jobs/checksum/${batch.id}/children`;
      const { status, body } = await ask(path);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        counts: { waiting: 0, active: 0, completed: 1, failed: 1, cancelled: 0 },
        active: [],
        failures: [{ id: `${batch.id}.bad`, image: "bad", code: "INVALID_JOB" }],
      });
      expect((await ask("/api/v1/jobs/checksum/none/children")).status).toBe(404);
      expect((await ask("/api/v1/jobs/nowhere/none/children")).status).toBe(404);
      expect((await ask(`${path}?limit=0`)).status).toBe(400);
    });
  });
});

function sumOf(samples: readonly Sample[], what: "completed" | "failed"): number {
  return samples.reduce((sum, sample) => sum + sample[what], 0);
}
