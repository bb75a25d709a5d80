// The job `checksum` when something goes wrong under it: its xz is killed, its image becomes another, the disk is full.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { shellLine } from "../../../src/layer/shell-line.js";
import { runJob, type ServedGraph, shell, useDock } from "../../support/dock.js";

const dock = useDock();

/** Serves with an xz that first runs a line of sh, in a directory that is handed over; the worker has proven it before. */
async function servingWithXz(
  line: string,
  use: (served: ServedGraph, directory: string) => Promise<void>,
): Promise<void> {
  const bin = mkdtempSync(join(dock.scratch, "bin-"));
  const path = process.env.PATH;
  writeFileSync(
    join(bin, "xz"),
    `#!/bin/sh\nPATH='${path}'\n(cd ${bin}; ${line}) || kill -9 $$\nexec xz "$@"\n`,
    {
      mode: 0o755,
    },
  );
  process.env.PATH = `${bin}:${path}`;
  try {
    await dock.serving(
      async (served) => {
        await served.worker.ready;
        await use(served, bin);
      },
      { provesEngineLate: false },
    );
  } finally {
    process.env.PATH = path;
  }
}

function byShell(root: string, id: string): string {
  return `sha256:${shell(shellLine("xz-6", { imageDirectory: join(root, "graph", id) })).slice(0, 64)}`;
}

/** An archive whose layer is too large for the library: xz compresses it. */
function archiveForXz(): string {
  const directory = mkdtempSync(join(dock.scratch, "for-xz-"));
  shell(`head -c 100000 /dev/urandom > ${directory}/data; tar -C ${directory} -cf ${directory}.tar data`);
  return `${directory}.tar`;
}

it("is tried again when xz is killed from outside", () =>
  servingWithXz("[ ! -e armed ] || ! rm armed", async ({ producer, root }, bin) => {
    await runJob(producer, "store", { image: { id: "a" }, layer: { path: archiveForXz() } });
    writeFileSync(join(bin, "armed"), "");
    const { checksum } = await runJob(producer, "checksum", { id: "a" });
    expect(checksum).toBe(byShell(root, "a"));
    expect(existsSync(join(bin, "armed"))).toBe(false);
  }));

it("fails with the signal when xz is killed each time, and leaves nothing half", () =>
  servingWithXz("[ ! -e armed ]", async ({ producer, root }, bin) => {
    await runJob(producer, "store", { image: { id: "a" }, layer: { path: archiveForXz() } });
    writeFileSync(join(bin, "armed"), "");
    const job = await producer.enqueue("checksum", { id: "a" });
    await expect(producer.wait(job)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringMatching(/^xz: .*SIGKILL/),
    });
    expect(await producer.job(job.id)).toMatchObject({ state: "failed", attempts: 3 });
    expect(readdirSync(join(root, "graph/a")).sort()).toEqual([
      "json",
      "layer",
      "layer.json",
      "tar-split.gz",
    ]);
    expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
  }));

it("is that of the image which took the place of the one it began with", () =>
  servingWithXz(
    "[ ! -e hold ] || { mv hold held; while [ ! -e go ]; do sleep 0.02; done; }",
    async (served, bin) => {
      const { producer, root } = served;
      await runJob(producer, "store", { image: { id: "a" }, layer: { path: archiveForXz() } });
      writeFileSync(join(bin, "hold"), "");
      const job = await producer.enqueue("checksum", { id: "a" });
      while (!existsSync(join(bin, "held"))) await new Promise((resolve) => setImmediate(resolve));
      await runJob(producer, "delete", { id: "a" });
      const image = { id: "a", comment: "another" };
      await runJob(producer, "store", { image, layer: { path: archiveForXz() } });
      writeFileSync(join(bin, "go"), "");
      const { checksum } = await producer.wait(job);
      expect(checksum).toBe(byShell(root, "a"));
      expect(await runJob(producer, "verify", { id: "a" })).toMatchObject({ ok: true });
    },
  ));

it("is NO_SPACE on a full disk, stores nothing half, and works again once there is space", async () => {
  const root = join(dock.scratch, "full");
  mkdirSync(root);
  shell(`mount -t tmpfs -o size=4m tmpfs ${root}`);
  try {
    await dock.serving(
      async ({ producer }) => {
        await runJob(producer, "store", { image: { id: "a" }, layer: { path: dock.archive } });
        shell(`cat /dev/zero > ${root}/filler 2>&1 || true`);
        await expect(runJob(producer, "checksum", { id: "a" })).rejects.toMatchObject({ code: "NO_SPACE" });
        expect(await runJob(producer, "checksum-graph", {})).toMatchObject({
          ...{ total: 1, computed: 0, cached: 0, layerBytes: 0 },
          failed: [{ id: "a", code: "NO_SPACE" }],
        });
        expect(readdirSync(join(root, "graph/a")).sort()).toEqual([
          "json",
          "layer",
          "layer.json",
          "tar-split.gz",
        ]);
        expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
        rmSync(join(root, "filler"));
        expect(await runJob(producer, "checksum-graph", {})).toMatchObject({ computed: 1, failed: [] });
      },
      { root },
    );
  } finally {
    shell(`umount ${root}`);
  }
});
