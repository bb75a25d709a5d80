// The jobs about mounts that cannot be done: each fails once, with its code, and leaves nothing behind.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { JobData, JobName } from "../../../src/jobs/index.js";
import type { Producer } from "../../../src/producer/index.js";
import { runJob, useDock } from "../../support/dock.js";
import { mountedBelow, unmountBelow } from "../../support/mounts/mounted.js";

const dock = useDock();
afterAll(() => unmountBelow(dock.scratch));

/** Stores an image `base`, and `top` upon it. */
async function storeImages(producer: Producer): Promise<void> {
  await runJob(producer, "store", { image: { id: "base" }, layer: { path: dock.archive } });
  await runJob(producer, "store", { image: { id: "top", parent: "base" }, layer: { path: dock.archive } });
}

describe("a job about a mount that cannot be done fails at once, and says why", () => {
  it("where an image is not there, or one of its ancestors", () =>
    dock.serving(async ({ producer, root }) => {
      await storeImages(producer);
      expect(await failed(producer, "mount", { id: "nobody" })).toMatch(/^IMAGE_NOT_FOUND: .*nobody/);
      await runJob(producer, "delete", { id: "base", force: true });
      expect(await failed(producer, "mount", { id: "top" })).toMatch(/^PARENT_NOT_FOUND: .*base/);
      expect(mountedBelow(root)).toEqual([]);
    }));

  it("where the target is not one that may be mounted on", () => {
    const targets = mkdtempSync(join(dock.scratch, "targets-"));
    const elsewhere = mkdtempSync(join(dock.scratch, "elsewhere-"));
    mkdirSync(join(targets, "full/inside"), { recursive: true });
    writeFileSync(join(targets, "file"), "");
    symlinkSync(elsewhere, join(targets, "link"));
    const forbidden = [
      ...["/etc", elsewhere, `${targets}/../${basename(elsewhere)}/x`, targets],
      ...[`${targets}/link`, `${targets}/link/x`, `${targets}/full`, `${targets}/file`, `${targets}/no/such`],
    ];
    return dock.serving(
      async ({ producer, root }) => {
        await storeImages(producer);
        for (const target of forbidden) {
          const reason = await failed(producer, "mount", { id: "top", target });
          expect(reason, target).toMatch(/^TARGET_FORBIDDEN: /);
          expect(reason).toContain(target);
        }
        for (const own of ["graph", "graph/top/layer", "inbox", "views"]) {
          const target = join(root, own, "x");
          expect(await failed(producer, "mount", { id: "top", target })).toMatch(/^TARGET_FORBIDDEN: /);
        }
        expect(mountedBelow(root)).toEqual([]);
        expect(readdirSync(targets).sort()).toEqual(["file", "full", "link"]);
        expect(readdirSync(elsewhere)).toEqual([]);
        expect(existsSync(join(root, "mounts"))).toBe(false);
      },
      { mountDirectories: [targets] },
    );
  });

  it("where something is mounted already", () => {
    const targets = mkdtempSync(join(dock.scratch, "targets-"));
    return dock.serving(
      async ({ producer }) => {
        await storeImages(producer);
        const target = join(targets, "one");
        const { mountId } = await runJob(producer, "mount", { id: "base", target });
        expect(await failed(producer, "mount", { id: "top", target })).toMatch(/^ALREADY_MOUNTED: .*one/);
        const inside = join(target, "etc");
        expect(await failed(producer, "mount", { id: "top", target: inside })).toMatch(/^TARGET_FORBIDDEN: /);
        expect(mountedBelow(targets).map(({ source }) => source)).toEqual([`stevedore:${mountId}`]);
        await runJob(producer, "unmount", { target });
        expect(readdirSync(targets)).toEqual([]);
        expect(mountedBelow(targets)).toEqual([]);
      },
      { mountDirectories: [targets] },
    );
  });

  it.each(["unmount", "changes", "commit"] as const)("where there is no such mount: %s", (name) =>
    dock.serving(async ({ producer, root }) => {
      await storeImages(producer);
      const one = await runJob(producer, "mount", { id: "base" });
      const other = await runJob(producer, "mount", { id: "top" });
      for (const data of [
        { mountId: "0123456789abcdef" },
        { target: join(root, "mounts") },
        { target: "/" },
        { mountId: one.mountId, target: other.target },
      ]) {
        expect(await failed(producer, name, data)).toMatch(/^NOT_MOUNTED: /);
      }
      expect(mountedBelow(root)).toHaveLength(2);
    }),
  );

  it("where the mount has no upper to tell the changes from", () =>
    dock.serving(async ({ producer }) => {
      await storeImages(producer);
      const copy = await runJob(producer, "mount", { id: "base", driver: "copy" });
      const readOnly = await runJob(producer, "mount", { id: "base", readOnly: true });
      for (const name of ["changes", "commit"] as const) {
        expect(await failed(producer, name, { mountId: copy.mountId })).toMatch(/^MOUNT_UNSUPPORTED: .*copy/);
      }
      expect(await failed(producer, "commit", { mountId: readOnly.mountId })).toMatch(/^MOUNT_UNSUPPORTED: /);
      expect(await runJob(producer, "changes", { mountId: readOnly.mountId })).toEqual({ changes: [] });
    }));

  it("where a commit's id is taken, or the tree holds what no layer can", () =>
    dock.serving(async ({ producer, root }) => {
      await storeImages(producer);
      const { mountId, target } = await runJob(producer, "mount", { id: "base" });
      const taken = await failed(producer, "commit", { mountId, image: { id: "top" } });
      expect(taken).toMatch(/^IMAGE_EXISTS: .*top/);
      writeFileSync(join(target, "etc/.wh.note"), "");
      const unsafe = await failed(producer, "commit", { mountId, image: { id: "unsafe" } });
      expect(unsafe).toMatch(/^UNSAFE_ENTRY: .*"\/etc\/\.wh\.note"/);
      expect(readdirSync(join(root, "graph")).sort()).toEqual([":tmp:", "base", "top"]);
      expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
    }));
});

/** Runs a job that fails for good at its first try, and returns why. */
async function failed<Name extends JobName>(
  producer: Producer,
  name: Name,
  data: JobData<Name>,
): Promise<string> {
  const job = await producer.enqueue(name, data);
  for await (const _ of producer.follow(job));
  const record = await producer.job(job.id);
  expect(record).toMatchObject({ state: "failed", attempts: 1 });
  return record?.failedReason ?? "";
}
