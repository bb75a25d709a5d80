import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Graph } from "../../src/graph/index.js";
import { openMounts } from "../../src/mount/index.js";
import {
  expectLayers,
  mountsBelow,
  newGraph,
  toolPath,
  useScratchMounts,
  withTools,
  writeImage,
  writeStack,
} from "../support/mounts/scratch-mounts.js";

const scratch = useScratchMounts();

/** Runs `body` with a mount that writes down that it is run, and asserts that it never is. */
async function expectNoMount(graph: Graph, body: () => Promise<unknown>) {
  const log = join(await scratch.fresh(), "log");
  await withTools(scratch, { mount: `echo "$@" >> '${log}'; exit 1` }, body);
  expect(existsSync(log)).toBe(false);
  expect(openMounts(graph).list()).toEqual([]);
  expect(mountsBelow(graph.root)).toEqual([]);
}

/** Writes a chain of images without files, and returns the id of the last. */
function writeChain(graph: Graph, length: number): string {
  for (let number = 0; number < length; number++) {
    const directory = join(graph.directory, `chain-${number}`);
    mkdirSync(join(directory, "layer"), { recursive: true });
    const parent = number === 0 ? {} : { parent: `chain-${number - 1}` };
    writeFileSync(join(directory, "json"), JSON.stringify({ id: `chain-${number}`, ...parent }));
  }
  return `chain-${length - 1}`;
}

describe("before anything is mounted is refused", () => {
  it("an image that is not there, or could be several", async () => {
    const graph = await newGraph(scratch);
    await writeStack(graph, ["", ""]);
    await expectNoMount(graph, async () => {
      for (const [id, code] of [
        ["missing", "IMAGE_NOT_FOUND"],
        ["layer", "AMBIGUOUS_ID"],
        ["../etc", "INVALID_ID"],
        ["", "INVALID_ID"],
      ]) {
        await expect(openMounts(graph).mount({ id: `${id}` })).rejects.toMatchObject({ code });
      }
    });
    expect(existsSync(join(graph.root, "mounts"))).toBe(false);
  });

  it("one that lacks a parent, is its own ancestor, or has an ancestor that is broken", async () => {
    const graph = await newGraph(scratch);
    await writeImage(graph, { id: "orphan", parent: "gone" });
    await writeImage(graph, { id: "one", parent: "other" });
    await writeImage(graph, { id: "other", parent: "one" });
    await writeImage(graph, { id: "child", parent: "broken" });
    mkdirSync(join(graph.directory, "broken"));
    const mounts = openMounts(graph);
    await expectNoMount(graph, async () => {
      await expect(mounts.mount({ id: "orphan" })).rejects.toMatchObject({
        code: "PARENT_NOT_FOUND",
        message: "the parent gone of the image orphan is not in the graph",
      });
      await expect(mounts.mount({ id: "one" })).rejects.toMatchObject({ code: "PARENT_CYCLE" });
      await expect(mounts.mount({ id: "child" })).rejects.toMatchObject({ code: "IMAGE_BROKEN" });
    });
    expect(existsSync(join(graph.root, "mounts"))).toBe(false);
  });

  it("one of 501 layers, by the driver overlay; copy takes it", async () => {
    const graph = await newGraph(scratch);
    const id = writeChain(graph, 501);
    writeFileSync(join(graph.directory, "chain-0/layer/lowest"), "");
    const mounts = openMounts(graph);
    await expectNoMount(graph, () =>
      expect(mounts.mount({ id, driver: "overlay" })).rejects.toMatchObject({
        code: "MOUNT_UNSUPPORTED",
        message: `the image ${id} has 501 layers, the driver overlay takes 500; the driver copy takes any number`,
      }),
    );
    const { target, layers } = await mounts.mount({ id, driver: "copy" });
    expect(layers).toBe(501);
    expect(readdirSync(target)).toEqual(["lowest"]);
    expect(await mounts.mount({ id: "chain-499", driver: "overlay" })).toMatchObject({
      layers: 500,
      state: "mounted",
    });
  });

  it("work that is not wanted any more", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a", "touch .wh.a"]);
    await expectNoMount(graph, async () => {
      for (const driver of ["overlay", "fuse-overlayfs", "copy"] as const) {
        // Again and again: once the lock that is taken first came about in spite of the signal, now and then.
        for (let round = 0; round < 5; round++) {
          const refused = openMounts(graph).mount({ id, driver }, AbortSignal.abort());
          await expect(refused).rejects.toMatchObject({ code: "CANCELLED" });
        }
      }
    });
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  });
});

describe("mounts", () => {
  it("of one image are independent, however many are made at once", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["mkdir d; echo a > d/a", "mkdir d; touch d/.wh.a; echo b > b"]);
    const mounts = openMounts(graph);
    const made = await Promise.all(Array.from({ length: 6 }, () => mounts.mount({ id, driver: "overlay" })));
    expect(mounts.list()).toEqual(made.sort((one, other) => (one.mountId < other.mountId ? -1 : 1)));
    for (const [at, { target }] of made.entries()) writeFileSync(join(target, `own-${at}`), "");
    for (const [at, { target, mountId }] of made.entries()) {
      expect(readdirSync(target).sort()).toEqual(["b", "d", `own-${at}`]);
      expect(await mounts.changes(mountId)).toEqual([{ kind: "add", path: `/own-${at}` }]);
    }
    await Promise.all(made.map(({ mountId }) => mounts.unmount(mountId)));
    expect([mounts.list(), mountsBelow(graph.root), readdirSync(join(graph.root, "mounts"))]).toEqual([
      [],
      [],
      [],
    ]);
  });

  it("that fail leave nothing, and the next one works", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a", "touch .wh.a"]);
    const mounts = openMounts(graph);
    const mount = await toolPath("mount");
    // It fails after the kernel has done it.
    await withTools(scratch, { mount: `${mount} "$@"; echo "no more" >&2; exit 16` }, async () => {
      await expect(mounts.mount({ id, driver: "overlay" })).rejects.toMatchObject({
        code: "MOUNT_FAILED",
        message: expect.stringMatching(
          /^the image layer-2 cannot be mounted on .*: mount: exit code 16: no more/,
        ),
      });
    });
    expect([mounts.list(), mountsBelow(graph.root), readdirSync(join(graph.root, "mounts"))]).toEqual([
      [],
      [],
      [],
    ]);
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
    const { target } = await mounts.mount({ id, driver: "overlay" });
    await expectLayers(scratch, target, graph, id);
  });

  it("that are cancelled while mount(8) runs leave nothing", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a"]);
    const mounts = openMounts(graph);
    const stop = new AbortController();
    const mount = await toolPath("mount");
    const done = join(await scratch.fresh(), "done");
    await withTools(scratch, { mount: `${mount} "$@"; : > '${done}'; exec tail -f /dev/null` }, async () => {
      const mounting = mounts.mount({ id, driver: "overlay" }, stop.signal);
      mounting.catch(() => undefined);
      await expect.poll(() => existsSync(done), { timeout: 30_000 }).toBe(true);
      stop.abort();
      await expect(mounting).rejects.toMatchObject({ code: "CANCELLED" });
    });
    expect([mounts.list(), mountsBelow(graph.root)]).toEqual([[], []]);
  });
});
