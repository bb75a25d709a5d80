// Images that are stored or committed under a name: the name comes with the image, so that no collection finds it nameless.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import { expectNothingLeft, runJob, useDock } from "../../support/dock.js";
import { unmountBelow } from "../../support/mounts/mounted.js";

const dock = useDock();
afterAll(() => unmountBelow(dock.scratch));

async function namesIn(root: string): Promise<Record<string, string>> {
  const graph = await openGraph(root);
  try {
    return Object.fromEntries(await graph.names.all());
  } finally {
    await graph.close();
  }
}

describe("an image that is stored under a name", () => {
  it("has it, with its tag; the image that had it before is told", () =>
    dock.serving(async ({ producer, root }) => {
      const layer = { path: dock.archive };
      const first = await runJob(producer, "store", { image: { id: "first" }, layer, name: "app" });
      expect(first).toMatchObject({
        id: "first",
        stored: true,
        name: "app:latest",
        previous: null,
        entries: 5,
      });
      const second = await runJob(producer, "store", { image: { parent: "app" }, layer, name: "app" });
      expect(second).toMatchObject({ parent: "first", name: "app:latest", previous: "first" });
      expect(await namesIn(root)).toEqual({ "app:latest": second.id });
      expect(readdirSync(join(root, "leases"))).toEqual([]);
      expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
    }));

  it("gets it where the image is there and skipped, and does not where that is an error", () =>
    dock.serving(async ({ producer, root }) => {
      const data = { image: { id: "there" }, layer: { path: dock.archive } };
      await runJob(producer, "store", data);
      await expect(runJob(producer, "store", { ...data, name: "refused" })).rejects.toMatchObject({
        code: "IMAGE_EXISTS",
      });
      expect(await namesIn(root)).toEqual({});
      const skipped = await runJob(producer, "store", { ...data, ifExists: "skip", name: "app:1" });
      expect(skipped).toMatchObject({ stored: false, name: "app:1", previous: null });
      expect(await namesIn(root)).toEqual({ "app:1": "there" });
    }));

  it("gets it from a later try of the job, if an earlier one has made the image", () =>
    dock.serving(async ({ producer, root }) => {
      const graph = await openGraph(root);
      await graph.register({ record: Buffer.from('{"id":"made"}'), jobId: "job-1" }, async () => ({}));
      await graph.close();
      const data = { image: { id: "made" }, layer: { path: "/nowhere" }, name: "app" };
      const job = await producer.enqueue("store", data, { jobId: "job-1" });
      expect(await producer.wait(job)).toMatchObject({ id: "made", stored: true, name: "app:latest" });
      expect(await namesIn(root)).toEqual({ "app:latest": "made" });
    }));

  it("leaves neither image nor name where its layer is refused", () =>
    dock.serving(async ({ producer, root }) => {
      const path = join(dock.scratch, "bad.tar");
      writeFileSync(path, "no archive");
      await expect(runJob(producer, "store", { layer: { path }, name: "app" })).rejects.toMatchObject({
        code: "BAD_ARCHIVE",
      });
      expect(await namesIn(root)).toEqual({});
      expectNothingLeft(root);
    }));

  it("is one of several of that id that race, and only its own name is given", () =>
    dock.serving(
      async ({ producer, root }) => {
        const store = (name: string) =>
          runJob(producer, "store", { json: '{"id":"one"}', layer: { path: dock.archive }, name });
        const names = Array.from({ length: 12 }, (_, at) => `app:${at}`);
        const outcomes = await Promise.allSettled(names.map(store));
        const given = outcomes.flatMap((outcome) =>
          outcome.status === "fulfilled" ? [outcome.value.name ?? ""] : [],
        );
        expect(given).toHaveLength(1);
        expect(await namesIn(root)).toEqual({ [given[0] ?? ""]: "one" });
      },
      { concurrency: { store: 12 } },
    ));

  it("is never collected, however often others collect meanwhile", () =>
    dock.serving(
      async ({ producer, root }) => {
        let isOver = false;
        const collecting = (async () => {
          let removed = 0;
          while (!isOver) removed += (await runJob(producer, "gc", {})).removed.length;
          return removed;
        })();
        const names = Array.from({ length: 16 }, (_, at) => `app:${at}`);
        const stored = await Promise.all(
          names.map((name) => runJob(producer, "store", { layer: { path: dock.archive }, name })),
        );
        isOver = true;
        expect(await collecting).toBe(0);
        expect(await namesIn(root)).toEqual(
          Object.fromEntries(stored.map(({ id, name = "" }) => [name, id]).sort()),
        );
        for (const { id } of stored) expect(readdirSync(join(root, "graph"))).toContain(id);
      },
      { concurrency: { store: 4 } },
    ));
});

describe("an image that is committed under a name", () => {
  it("has it, and the image that had it before is told", () =>
    dock.serving(async ({ producer, root }) => {
      await runJob(producer, "store", { image: { id: "base" }, layer: { path: dock.archive }, name: "app" });
      const { mountId, target } = await runJob(producer, "mount", { id: "app" });
      writeFileSync(join(target, "new"), "");
      const committed = await runJob(producer, "commit", { mountId, image: { id: "patched" }, name: "app" });
      expect(committed).toMatchObject({ parent: "base", name: "app:latest", previous: "base" });
      expect(await namesIn(root)).toEqual({ "app:latest": "patched" });
      await runJob(producer, "unmount", { mountId });
    }));
});
