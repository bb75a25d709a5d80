import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import { packUpper } from "../../../src/layer/index.js";
import { openMounts } from "../../../src/mount/index.js";
import { collect } from "../../support/collect.js";
import { dockerImages, unpackDockerGraph } from "../../support/images/docker-graph.js";
import {
  expectLayers,
  mountsBelow,
  newGraph,
  useScratchMounts,
  writeStack,
} from "../../support/mounts/scratch-mounts.js";
import { runs } from "../../support/processes/runs.js";
import { layerStacks } from "../../support/trees/layer-stacks.js";
import { randomLayers, withoutRebirth, writeRandomLayer } from "../../support/trees/random-layers.js";

const scratch = useScratchMounts();
const driver = "fuse-overlayfs";

describe("fuse-overlayfs shows what the layers stand for", () => {
  it.each(Object.entries(layerStacks))("%s", async (_, scripts) => {
    const graph = await newGraph(scratch);
    const mounts = openMounts(graph);
    const id = await writeStack(graph, scripts);
    const mount = await mounts.mount({ id, driver });
    expect(mount).toMatchObject({ id, driver, layers: scripts.length, state: "mounted" });
    await expectLayers(scratch, mount.target, graph, id);
    expect(await mounts.changes(mount.mountId)).toEqual([]);
    await mounts.unmount(mount.mountId);
  });

  it("whatever meets in them, but for names deleted and made anew in one layer", async () => {
    await fc.assert(
      fc.asyncProperty(
        randomLayers.map((layers) => layers.map(withoutRebirth)),
        fc.boolean(),
        async (layers, isReadOnly) => {
          const graph = await newGraph(scratch);
          const id = await writeStack(
            graph,
            layers.map(() => ""),
          );
          for (const [at, directory] of (await graph.layers(id)).reverse().entries()) {
            const layer = layers[at];
            if (layer !== undefined) writeRandomLayer(layer, directory, at);
          }
          const mounts = openMounts(graph);
          const { target, mountId } = await mounts.mount({ id, driver, isReadOnly });
          await expectLayers(scratch, target, graph, id);
          await mounts.unmount(mountId);
          expect(mountsBelow(graph.root)).toEqual([]);
        },
      ),
      { numRuns: runs(6) },
    );
  });

  it("from the graph that Docker 0.3 wrote", async () => {
    const root = await scratch.fresh();
    await unpackDockerGraph(root);
    const graph = await openGraph(root);
    const { target } = await openMounts(graph).mount({ id: dockerImages.left, driver });
    expect(readdirSync(target).sort()).toEqual(["etc", "srv", "usr", "var"]);
    await expectLayers(scratch, target, graph, dockerImages.left);
  });
});

describe("a mount by fuse-overlayfs", () => {
  it("tells what was changed, and its upper packs as a layer of that", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, [
      "mkdir -p d/e o r; echo a > d/a; echo b > d/e/b; echo c > c; echo old > o/old; echo r > r/r",
      "touch .wh.c; echo n > n",
    ]);
    const mounts = openMounts(graph);
    const { mountId, target } = await mounts.mount({ id, driver });
    const work =
      "echo more >> d/a; rm -r d/e n; rm -r o; mkdir o; echo new > o/new; echo c > c; ln -s c s; rm r/r; chmod 700 r";
    await execa("bash", ["-euc", work], { cwd: target });
    expect((await mounts.changes(mountId)).map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      ...["add /c", "modify /d", "modify /d/a", "delete /d/e", "delete /n", "modify /o", "add /o/new"],
      ...["delete /o/old", "modify /r", "delete /r/r", "add /s"],
    ]);

    const { upper } = await mounts.upper(mountId);
    const archive = Buffer.concat(await collect<Buffer>(packUpper(upper)));
    const committed = join(graph.directory, "committed");
    await execa("mkdir", ["-p", join(committed, "layer")]);
    writeFileSync(join(committed, "json"), JSON.stringify({ id: "committed", parent: id }));
    const { stdout: before } = await execa("find", [".", "-printf", "%p %y %m %l\n"], { cwd: target });
    await execa("tar", ["-xpf", "-", "-C", join(committed, "layer")], { input: archive });
    await mounts.unmount(mountId);
    for (const each of ["overlay", driver] as const) {
      const again = await mounts.mount({ id: "committed", driver: each });
      const { stdout: after } = await execa("find", [".", "-printf", "%p %y %m %l\n"], { cwd: again.target });
      expect(after.split("\n").sort()).toEqual(before.split("\n").sort());
      expect(readFileSync(join(again.target, "d/a"), "utf8")).toBe("a\nmore\n");
    }
  });

  it("that is read-only takes no writes", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a", "echo b > b"]);
    const mounts = openMounts(graph);
    for (const each of ["layer-1", id]) {
      const mount = await mounts.mount({ id: each, driver, isReadOnly: true });
      expect(() => writeFileSync(join(mount.target, "a"), "")).toThrow("EROFS");
      expect(await mounts.changes(mount.mountId)).toEqual([]);
    }
  });

  it("has neither devices nor setuid programs by default, and the options it is given", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a"]);
    const { target } = await openMounts(graph).mount({ id, driver, options: ["noexec"] });
    const line = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .find((each) => each.split(" ")[4] === target);
    expect(line?.split(" ")[5]?.split(",")).toEqual(expect.arrayContaining(["nodev", "nosuid", "noexec"]));
  });

  it("works where the root's name has characters that mean something to it, and says so of the colon", async () => {
    const parent = await scratch.fresh();
    const scripts = ["mkdir d; echo a > d/a; echo b > b", "mkdir d; touch d/.wh.a"];
    const graph = await openGraph(join(parent, "a,b c\\d e=f"), { create: true });
    const id = await writeStack(graph, scripts);
    const mounts = openMounts(graph);
    const { target, mountId } = await mounts.mount({ id, driver });
    await expectLayers(scratch, target, graph, id);
    await mounts.unmount(mountId);

    const colon = await openGraph(join(parent, "a:b"), { create: true });
    await writeStack(colon, scripts);
    const ofColon = openMounts(colon);
    await expect(ofColon.mount({ id, driver })).rejects.toMatchObject({
      code: "MOUNT_UNSUPPORTED",
      message: expect.stringMatching(/takes no path with a colon.*use the driver copy/),
    });
    expect(ofColon.list()).toEqual([]);
    expect(readdirSync(join(colon.root, "mounts"))).toEqual([]);
  });

  it("goes to a named target, and leaves nothing when it ends", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a"]);
    const allowed = await scratch.fresh();
    const mounts = openMounts(graph, { targets: [allowed] });
    const mount = await mounts.mount({ id, driver, target: join(allowed, "web") });
    expect(mountsBelow(allowed)).toEqual([mount.target]);
    expect(mounts.find(mount.target)).toEqual(mount);
    await mounts.unmount(mount.target);
    expect([mountsBelow(allowed), readdirSync(allowed), mounts.list()]).toEqual([[], [], []]);
    expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
  });
});
