// The job verify, and the manifest that checksum jobs leave for it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runJob, type ServedGraph, shell, useDock } from "../../support/dock.js";
import { unpackDockerGraph } from "../../support/images/docker-graph.js";

const dock = useDock();

/** Stores the small archive as `a`, with a checksum by `xz-1`. */
async function checksummed({ producer, root }: ServedGraph) {
  await runJob(producer, "store", { image: { id: "a" }, layer: { path: dock.archive } });
  const { tarDigest } = await runJob(producer, "checksum", { id: "a", recipe: "xz-1" });
  return { tarDigest, image: join(root, "graph/a"), passwd: join(root, "graph/a/layer/etc/passwd") };
}

/** Changes a byte and nothing else. */
function flip(file: string): void {
  shell(
    `touch -r ${file} ${dock.scratch}/time; sed -i s/root/toor/ ${file}; touch -r ${dock.scratch}/time ${file}`,
  );
}

describe("the job verify", () => {
  it("says that a layer is the one whose checksum is stored, by whichever recipe", () =>
    dock.serving(async (served) => {
      const { tarDigest } = await checksummed(served);
      expect(await runJob(served.producer, "verify", { id: "a", explain: true })).toEqual({
        ...{ id: "a", ok: true, expected: tarDigest, actual: tarDigest, layerBytes: 11 },
        durationMs: expect.any(Number),
      });
    }));

  it("completes with a mismatch, and says what differs if that was asked for", () =>
    dock.serving(async (served) => {
      const { tarDigest, image, passwd } = await checksummed(served);
      const times = shell(`stat -c %y ${image}/layer/etc`);
      flip(passwd);
      shell(`touch -d '${times}' ${image}/layer/etc`);
      const job = await served.producer.enqueue("verify", { id: "a" });
      const result = await served.producer.wait(job);
      expect(result).toEqual({
        ...{ id: "a", ok: false, expected: tarDigest, layerBytes: 11 },
        ...{ actual: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), durationMs: expect.any(Number) },
      });
      expect((await served.producer.job(job.id))?.state).toBe("completed");
      expect(await runJob(served.producer, "verify", { id: "a", explain: true })).toMatchObject({
        ...{ ok: false, actual: result.actual },
        differences: [{ path: "/etc/passwd", kind: "content" }],
      });
    }));

  it("is a mismatch if the digest of one recipe is not the layer's, whatever the others say", () =>
    dock.serving(async (served) => {
      const { tarDigest, passwd } = await checksummed(served);
      flip(passwd);
      const now = await runJob(served.producer, "checksum", { id: "a", recipe: "xz-6" });
      expect(await runJob(served.producer, "verify", { id: "a" })).toMatchObject({
        ...{ ok: false, expected: tarDigest, actual: now.tarDigest },
      });
    }));

  it("has nothing to compare with where no tar digest is stored: INVALID_JOB, and no second try", () =>
    dock.serving(async ({ producer, root }) => {
      await runJob(producer, "store", { image: { id: "never" }, layer: { path: dock.archive } });
      const job = await producer.enqueue("verify", { id: "never" });
      await expect(producer.wait(job)).rejects.toMatchObject({
        code: "INVALID_JOB",
        message: expect.stringMatching(/image never .*no checksum is stored.*stevedore checksum never/),
      });
      expect((await producer.job(job.id))?.attempts).toBe(1);
      await unpackDockerGraph(root);
      await expect(runJob(producer, "verify", { id: "27cf" })).rejects.toMatchObject({
        code: "INVALID_JOB",
        message: expect.stringMatching(/27cf784147099545 .*Docker 0\.3/),
      });
      await expect(runJob(producer, "verify", { id: "nobody" })).rejects.toMatchObject({
        code: "IMAGE_NOT_FOUND",
      });
    }));

  it("reports its progress in bytes", () =>
    dock.serving(async ({ producer }) => {
      const large = join(dock.scratch, "large.tar");
      shell(`cd /usr && tar -cf ${large} bin/bash bin/tar lib/x86_64-linux-gnu/libc.so.6`);
      await runJob(producer, "store", { image: { id: "large" }, layer: { path: large } });
      await runJob(producer, "checksum", { id: "large", recipe: "xz-1" });
      const job = await producer.enqueue("verify", { id: "large" });
      const seen = [];
      for await (const { progress } of producer.follow(job)) if (progress !== undefined) seen.push(progress);
      expect(seen.length).toBeGreaterThan(0);
      for (const progress of seen) {
        expect(progress).toMatchObject({ phase: "verify", unit: "bytes" });
        expect(progress.done).toBeLessThanOrEqual(progress.total);
      }
    }));
});

describe("the manifest of an image", () => {
  const firstLine = (image: string) => JSON.parse(shell(`zcat ${image}/manifest.gz | head -n 1`));

  it("is of the tar digest that is stored, is made anew by force, and leaves no staging", () =>
    dock.serving(async (served) => {
      const { tarDigest, image, passwd } = await checksummed(served);
      expect(firstLine(image)).toEqual({ format: 1, tarDigest });
      writeFileSync(passwd, "other\n");
      await runJob(served.producer, "checksum", { id: "a", recipe: "xz-1" });
      expect(firstLine(image).tarDigest).toBe(tarDigest);
      const anew = await runJob(served.producer, "checksum", { id: "a", recipe: "xz-1", force: true });
      expect(anew.tarDigest).not.toBe(tarDigest);
      expect(firstLine(image)).toEqual({ format: 1, tarDigest: anew.tarDigest });
      expect(await runJob(served.producer, "verify", { id: "a" })).toMatchObject({ ok: true });
      expect(readdirSync(join(served.root, "graph/:tmp:"))).toEqual([]);
    }));

  it("goes with its image", () =>
    dock.serving(async (served) => {
      const { image } = await checksummed(served);
      expect(readdirSync(image)).toContain("manifest.gz");
      await runJob(served.producer, "delete", { id: "a" });
      expect(existsSync(image)).toBe(false);
    }));

  it("is not there where the checksum failed, which then stores nothing either", () =>
    dock.serving(async (served) => {
      const { producer, root } = served;
      await runJob(producer, "store", { image: { id: "a" }, layer: { path: dock.archive } });
      const image = join(root, "graph/a");
      // What cannot be replaced by a file.
      shell(`mkdir ${image}/manifest.gz`);
      await expect(runJob(producer, "checksum", { id: "a", recipe: "xz-1" })).rejects.toMatchObject({
        code: "INTERNAL",
      });
      expect(readdirSync(image).sort()).toEqual([
        "json",
        "layer",
        "layer.json",
        "manifest.gz",
        "tar-split.gz",
      ]);
      expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
      shell(`rmdir ${image}/manifest.gz`);
      await runJob(producer, "checksum", { id: "a", recipe: "xz-1" });
      expect(readFileSync(join(image, "manifest.gz")).length).toBeGreaterThan(0);
    }));
});
