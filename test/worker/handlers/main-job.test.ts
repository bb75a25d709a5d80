import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { splitPath } from "../../../src/graph/index.js";
import type { LayerSource } from "../../../src/jobs/index.js";
import { assembleArchive } from "../../../src/layer/index.js";
import { openProducer } from "../../../src/producer/index.js";
import { collect } from "../../support/collect.js";
import { expectNothingLeft, runJob, type ServedGraph, shell, useDock } from "../../support/dock.js";
import { digestOf } from "../../support/images/small-layout.js";
import { archive, entry } from "../../support/trees/crafted-tar.js";
import { thenFill } from "../../support/trees/documented-tar.js";

const dock = useDock();

const factsOf = (root: string, id: string): unknown =>
  JSON.parse(readFileSync(join(root, "graph", id, "layer.json"), "utf8"));

describe("the main job", () => {
  it("stores an dock.archive and checksums it as the shell does", () =>
    dock.serving(async ({ producer, root }) => {
      const image = { id: "base", comment: "first", created: "2013-05-02T15:18:33.123456789Z", os: "linux" };
      const stored = await runJob(producer, "store", { image, layer: { path: dock.archive } });
      expect(stored).toEqual({
        id: "base",
        parent: null,
        diffId: `sha256:${shell(`sha256sum < ${dock.archive}`).split(" ")[0]}`,
        layerBytes: 11,
        entries: 5,
        compression: "none",
        stored: true,
        durationMs: expect.any(Number),
      });
      const directory = join(root, "graph/base");
      expect(readFileSync(join(directory, "json"), "utf8")).toBe(
        '{"id":"base","comment":"first","created":"2013-05-02T15:18:33.123456789Z","container_config":{},"os":"linux"}',
      );
      const result = await runJob(producer, "checksum", { id: "ba" });
      const expected = shell(
        `cd ${directory} && { cat json; echo; tar --sort=name --format=posix --numeric-owner --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --xattrs --xattrs-include='security.capability' --xattrs-include='user.*' -C layer -cf - .${thenFill} | xz -6 --check=crc64 --block-size=8MiB -T2; } | sha256sum`,
      );
      expect(result).toMatchObject({ id: "base", recipe: "xz-6", layerBytes: 11, cached: false });
      expect(result.checksum).toBe(`sha256:${expected.split(" ")[0]}`);
      expect(JSON.parse(readFileSync(join(directory, "checksum.json"), "utf8"))["xz-6"]).toMatchObject({
        checksum: result.checksum,
        tarDigest: result.tarDigest,
        archiveBytes: result.archiveBytes,
      });

      expect(await runJob(producer, "checksum", { id: "base" })).toMatchObject({
        checksum: result.checksum,
        cached: true,
      });
      expect(await runJob(producer, "checksum", { id: "base", force: true })).toMatchObject({
        checksum: result.checksum,
        cached: false,
      });
    }));

  it("keeps the record of json byte for byte", () =>
    dock.serving(async ({ producer, root }) => {
      const json = '{ "id":"raw" ,\n"comment":"\\u003c\u00fc>", "x":[1.0]}\n';
      await runJob(producer, "store", { json, layer: { path: dock.archive } });
      expect(readFileSync(join(root, "graph/raw/json"), "utf8")).toBe(json);
    }));

  it("makes up an id and a time, and keeps both in the job", () =>
    dock.serving(async ({ producer, root }) => {
      const job = await producer.enqueue("store", { layer: { path: dock.archive } });
      const { id } = await producer.wait(job);
      expect(id).toMatch(/^[0-9a-f]{64}$/);
      const record = JSON.parse(readFileSync(join(root, "graph", id, "json"), "utf8"));
      expect((await producer.job(job.id))?.data).toMatchObject({ image: { id, created: record.created } });
    }));

  it("resolves a parent by prefix, and refuses one that is not there", () =>
    dock.serving(async ({ producer, root }) => {
      await runJob(producer, "store", { image: { id: "parent-image" }, layer: { path: dock.archive } });
      const child = await runJob(producer, "store", {
        image: { id: "child", parent: "par" },
        layer: { path: dock.archive },
      });
      expect(child.parent).toBe("parent-image");
      expect(JSON.parse(readFileSync(join(root, "graph/child/json"), "utf8")).parent).toBe("parent-image");
      const orphan = { image: { id: "orphan", parent: "nobody" }, layer: { path: dock.archive } };
      await expect(runJob(producer, "store", orphan)).rejects.toMatchObject({ code: "PARENT_NOT_FOUND" });
      const raw = { json: '{"id":"orphan","parent":"nobody"}', layer: { path: dock.archive } };
      await expect(runJob(producer, "store", raw)).rejects.toMatchObject({ code: "PARENT_NOT_FOUND" });
      expect(readdirSync(join(root, "graph")).sort()).toEqual([":tmp:", "child", "parent-image"]);
    }));

  it("stores a directory and an upload; the upload is consumed", () =>
    dock.serving(async ({ producer, root }) => {
      const direct = await runJob(producer, "store", { layer: { path: `${dock.scratch}/base.d` } });
      writeFileSync(join(root, "inbox/mine"), readFileSync(dock.archive));
      const uploaded = await runJob(producer, "store", { layer: { upload: "mine" } });
      expect([direct.entries, uploaded.entries]).toEqual([5, 5]);
      expect(readdirSync(join(root, "inbox"))).toEqual([]);
    }));

  it("keeps what an archive is made again by, of files and uploads, and not of a directory", () =>
    dock.serving(async ({ producer, root }) => {
      const twice = join(dock.scratch, "twice.tar");
      writeFileSync(twice, archive(entry({ name: "f" }, "one"), entry({ name: "./f" }, "two")));
      writeFileSync(join(root, "inbox/mine"), readFileSync(twice));
      const sources: [string, LayerSource][] = [
        ["plain", { path: dock.archive }],
        ["again", { path: twice }],
        ["sent", { upload: "mine" }],
      ];
      for (const [id, layer] of sources) {
        const { diffId } = await runJob(producer, "store", { image: { id }, layer });
        const directory = join(root, "graph", id);
        const layerDirectory = join(directory, "layer");
        const bytes = assembleArchive({ layerDirectory, splitPath: splitPath(directory) });
        expect([id, digestOf(Buffer.concat(await collect(bytes)))]).toEqual([id, diffId]);
        expect(factsOf(root, id)).toMatchObject({ diffId, lossless: true });
      }
      const made = { image: { id: "made" }, layer: { path: `${dock.scratch}/base.d` } };
      await runJob(producer, "store", made);
      expect(factsOf(root, "made")).not.toHaveProperty("lossless");
      expect(existsSync(splitPath(join(root, "graph/made")))).toBe(false);
    }));

  it("enqueues the checksum that a store asks for", () =>
    dock.serving(async ({ producer }) => {
      await runJob(producer, "store", {
        image: { id: "a" },
        layer: { path: dock.archive },
        checksum: "xz-1",
      });
      expect(await runJob(producer, "checksum", { id: "a", recipe: "xz-1" })).toMatchObject({
        id: "a",
        recipe: "xz-1",
      });
    }));

  it("deletes, but not what others build on", () =>
    dock.serving(async ({ producer, root }) => {
      await runJob(producer, "store", { image: { id: "a" }, layer: { path: dock.archive } });
      await runJob(producer, "store", { image: { id: "b", parent: "a" }, layer: { path: dock.archive } });
      await expect(runJob(producer, "delete", { id: "a" })).rejects.toMatchObject({ code: "IMAGE_IN_USE" });
      expect(await runJob(producer, "delete", { id: "b" })).toEqual({ id: "b" });
      expect(await runJob(producer, "delete", { id: "a" })).toEqual({ id: "a" });
      await expect(runJob(producer, "delete", { id: "a" })).rejects.toMatchObject({
        code: "IMAGE_NOT_FOUND",
      });
      expectNothingLeft(root);
    }));

  it("reports its progress in bytes", () =>
    dock.serving(async ({ producer }) => {
      const large = join(dock.scratch, "large.tar");
      shell(`cd /usr && tar -cf ${large} bin/bash bin/tar lib/x86_64-linux-gnu/libc.so.6`);
      await runJob(producer, "store", { image: { id: "large" }, layer: { path: large } });
      const job = await producer.enqueue("checksum", { id: "large", recipe: "xz-1" });
      const seen = [];
      for await (const { progress } of producer.follow(job)) if (progress !== undefined) seen.push(progress);
      expect(seen.length).toBeGreaterThan(0);
      for (const progress of seen) {
        expect(progress).toMatchObject({ phase: "checksum", unit: "bytes" });
        expect(progress.done).toBeLessThanOrEqual(progress.total);
      }
    }));
});

describe("fifty producers that store the same id at once", () => {
  const storeFifty = async (served: ServedGraph, ifExists: "fail" | "skip") => {
    const producers = Array.from({ length: 50 }, () =>
      openProducer({ redis: dock.redis, graph: served.graphName }),
    );
    try {
      return await Promise.allSettled(
        producers.map((producer) =>
          runJob(producer, "store", { image: { id: "one" }, layer: { path: dock.archive }, ifExists }),
        ),
      );
    } finally {
      await Promise.all(producers.map((producer) => producer.close()));
    }
  };

  it("make exactly one image, and the others are told", () =>
    dock.serving(
      async (served) => {
        const outcomes = await storeFifty(served, "fail");
        const codes = outcomes.map((outcome) =>
          outcome.status === "fulfilled" ? "stored" : outcome.reason.code,
        );
        expect(codes.sort()).toEqual([...Array(49).fill("IMAGE_EXISTS"), "stored"]);
        expect(readdirSync(join(served.root, "graph")).sort()).toEqual([":tmp:", "one"]);
        expect(readdirSync(join(served.root, "graph/:tmp:"))).toEqual([]);
      },
      { concurrency: { store: 16 } },
    ));

  it("or are all content, where an image that exists is to be skipped", () =>
    dock.serving(
      async (served) => {
        const outcomes = await storeFifty(served, "skip");
        const stored = outcomes.map((outcome) => outcome.status === "fulfilled" && outcome.value.stored);
        expect(outcomes.every(({ status }) => status === "fulfilled")).toBe(true);
        expect(stored.filter(Boolean)).toHaveLength(1);
      },
      { concurrency: { store: 16 } },
    ));
});
