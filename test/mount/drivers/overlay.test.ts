import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import { openMounts } from "../../../src/mount/index.js";
import { dockerImages, unpackDockerGraph } from "../../support/images/docker-graph.js";
import {
  expectLayers,
  mountsBelow,
  newGraph,
  shownTree,
  useScratchMounts,
  writeImage,
  writeStack,
} from "../../support/mounts/scratch-mounts.js";
import { withEnvironment } from "../../support/processes/environment.js";
import { runs } from "../../support/processes/runs.js";
import { layerStacks } from "../../support/trees/layer-stacks.js";
import { randomLayers, writeRandomLayer } from "../../support/trees/random-layers.js";
import { makeRichTree } from "../../support/trees/rich-tree.js";

const scratch = useScratchMounts();
const driver = "overlay";

/** The options that a mount has in the kernel. */
function optionsOf(target: string): { flags: string[]; type: string | undefined } {
  const line = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((each) => each.split(" ")[4] === target);
  const [place = "", kind = ""] = line?.split(" - ") ?? [];
  return { flags: (place.split(" ")[5] ?? "").split(","), type: kind.split(" ")[0] };
}

it("a mount that the kernel made read-only, for the disk was full just then, is refused, and leaves nothing", async () => {
  const disk = await scratch.fresh();
  await execa("mount", ["-t", "tmpfs", "-o", "nr_inodes=200", "none", disk]);
  const graph = await openGraph(join(disk, "root"), { create: true });
  const id = await writeStack(graph, [""]);
  const tools = await scratch.fresh();
  const filling = `#!/bin/sh
    at=0; while true > ${disk}/filler-$at; do at=$((at + 1)); done 2>/dev/null
    PATH=\${PATH#*:} mount "$@"; code=$?; rm -f ${disk}/filler-*; exit $code`;
  writeFileSync(join(tools, "mount"), filling, { mode: 0o755 });
  const mounts = openMounts(graph);
  await withEnvironment({ PATH: `${tools}:${process.env.PATH}` }, () =>
    expect(mounts.mount({ id, driver })).rejects.toMatchObject({ code: "NO_SPACE" }),
  );
  expect(mountsBelow(graph.root)).toEqual([]);
  expect(readdirSync(join(graph.root, "mounts")).filter((name) => /^[0-9a-f]{16}$/.test(name))).toEqual([]);
  const { target } = await mounts.mount({ id, driver });
  writeFileSync(join(target, "there is space again"), "");
});

describe("an overlay shows what its layers stand for", () => {
  it.each(Object.entries(layerStacks))("%s", async (_, scripts) => {
    const graph = await newGraph(scratch);
    const mounts = openMounts(graph);
    const id = await writeStack(graph, scripts);
    const writable = await mounts.mount({ id, driver });
    expect(writable).toMatchObject({ id, driver, layers: scripts.length, state: "mounted" });
    const shown = await expectLayers(scratch, writable.target, graph, id);
    expect(shown.filter((line) => line.includes(".wh.") || line.includes(" device=0"))).toEqual([]);
    const readOnly = await mounts.mount({ id, driver, isReadOnly: true });
    expect(await shownTree(readOnly.target)).toEqual(shown);
    // A broken name is listed, and cannot be looked at.
    await execa("ls", ["-lR", writable.target, readOnly.target]);
    expect(await mounts.changes(writable.mountId)).toEqual([]);
  });

  it("whatever meets in them", async () => {
    await fc.assert(
      fc.asyncProperty(randomLayers, fc.boolean(), async (layers, isReadOnly) => {
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
      }),
      { numRuns: runs(8) },
    );
  });

  it("with everything that a layer may hold", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, [
      "mkdir -p etc usr/lib; echo old > etc/removed; echo old > usr/lib/a",
      "",
      "",
    ]);
    await makeRichTree(join(graph.directory, "layer-2/layer"));
    await execa("touch", [".wh.closed", ".wh.usr"], { cwd: join(graph.directory, "layer-3/layer") });
    const mounts = openMounts(graph);
    for (const each of ["layer-2", id]) {
      const { target } = await mounts.mount({ id: each, driver });
      expect((await expectLayers(scratch, target, graph, each)).length).toBeGreaterThan(20);
    }
  });

  it("with the attributes of the topmost layer's root", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, [
      "chmod 700 .; setfattr -n user.old -v 1 .",
      "touch .wh.nothing; chmod 1751 .; chown 3:4 .; setfattr -n user.new -v 2 .; touch -d '2003-03-03 03:03:03.03' .",
    ]);
    const mounts = openMounts(graph);
    for (const isReadOnly of [false, true]) {
      const { target } = await mounts.mount({ id, driver, isReadOnly });
      const [root] = await expectLayers(scratch, target, graph, id);
      expect(root).toMatch(/^"\." directory 1751 3:4 \d+030000000 user\.new=0x32$/);
    }
  });

  it("from the graph that Docker 0.3 wrote", async () => {
    const root = await scratch.fresh();
    await unpackDockerGraph(root);
    const graph = await openGraph(root);
    const mounts = openMounts(graph);
    const { target } = await mounts.mount({ id: "b750fe79", driver });
    expect(readdirSync(target).sort()).toEqual(["etc", "srv", "usr", "var"]);
    expect(readdirSync(join(target, "etc")).sort()).toEqual([
      "group",
      "hosts",
      "passwd",
      "passwd.link",
      "true",
    ]);
    expect(readdirSync(join(target, "usr/share/doc"))).toEqual(["new"]);
    for (const id of Object.values(dockerImages)) {
      const mount = await mounts.mount({ id, driver });
      await expectLayers(scratch, mount.target, graph, id);
    }
  });

  it("of 500 layers, with whiteouts among them", async () => {
    const graph = await newGraph(scratch);
    let parent: string | undefined;
    for (let number = 0; number < 500; number++) {
      const id = `chain-${number}`;
      await writeImage(graph, { id, parent });
      const layer = join(graph.directory, id, "layer");
      writeFileSync(join(layer, `file-${number}`), `${number}`);
      writeFileSync(join(layer, "all"), `${number}`);
      if (number % 100 === 99) writeFileSync(join(layer, `.wh.file-${number - 50}`), "");
      parent = id;
    }
    const mounts = openMounts(graph);
    const { target, layers } = await mounts.mount({ id: "chain-499", driver });
    expect(layers).toBe(500);
    const shown = await expectLayers(scratch, target, graph, "chain-499");
    expect(shown).toHaveLength(1 + 1 + 500 - 5);
    const readOnly = await mounts.mount({ id: "chain-499", driver, isReadOnly: true });
    expect(await shownTree(readOnly.target)).toEqual(shown);
  });
});

describe("an overlay mount", () => {
  it("takes writes in an upper of its own, which the layers do not see", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["mkdir d; echo a > a; echo b > d/b", "echo c > c; touch .wh.a"]);
    const mounts = openMounts(graph);
    const [one, other] = [await mounts.mount({ id, driver }), await mounts.mount({ id, driver })];
    await execa("bash", ["-euc", "echo new > new; echo more >> d/b; rm c; echo a > a"], { cwd: one.target });
    expect(await mounts.changes(one.mountId)).toEqual([
      { kind: "add", path: "/a" },
      { kind: "delete", path: "/c" },
      { kind: "modify", path: "/d/b" },
      { kind: "add", path: "/new" },
    ]);
    expect(readdirSync(`${one.upper}`).sort()).toEqual(["a", "c", "d", "new"]);
    await expectLayers(scratch, other.target, graph, id);
    expect(readFileSync(join(graph.directory, "layer-1/layer/d/b"), "utf8")).toBe("b\n");
  });

  it("that is read-only takes none, be it of one layer or two", async () => {
    const graph = await newGraph(scratch);
    await writeStack(graph, ["echo a > a", "echo b > b"]);
    const mounts = openMounts(graph);
    for (const id of ["layer-1", "layer-2"]) {
      const mount = await mounts.mount({ id, driver, isReadOnly: true });
      expect(() => writeFileSync(join(mount.target, "a"), "")).toThrow("EROFS");
      expect(mount).not.toHaveProperty("upper");
      expect(optionsOf(mount.target).flags).toContain("ro");
      expect(await mounts.changes(mount.mountId)).toEqual([]);
      await expect(mounts.upper(mount.mountId)).rejects.toMatchObject({ code: "MOUNT_UNSUPPORTED" });
    }
  });

  it("has neither devices nor setuid programs by default, and the options it is given", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a"]);
    const mounts = openMounts(graph);
    const plain = optionsOf((await mounts.mount({ id, driver })).target);
    expect(plain).toMatchObject({
      type: "overlay",
      flags: expect.arrayContaining(["rw", "nodev", "nosuid"]),
    });
    expect(plain.flags).not.toContain("noexec");
    const options = ["noexec", "suid", "dev"];
    const { flags } = optionsOf((await mounts.mount({ id, driver, options })).target);
    expect(flags).toContain("noexec");
    expect(flags).not.toContain("nosuid");
    expect(flags).not.toContain("nodev");
  });

  it("works whatever the root is called, and through a symlink to it", async () => {
    const parent = await scratch.fresh();
    const graph = await openGraph(join(parent, "a:b,c\\d e=f"), { create: true });
    symlinkSync("a:b,c\\d e=f", join(parent, "link"));
    const id = await writeStack(graph, ["mkdir d; echo a > d/a", "mkdir d; touch d/.wh.a; echo b > b"]);
    for (const each of [graph, await openGraph(join(parent, "link"))]) {
      const mounts = openMounts(each);
      const mount = await mounts.mount({ id, driver });
      expect(mount.target).toBe(join(graph.root, "mounts", mount.mountId, "rootfs"));
      expect(mounts.find(mount.target)).toMatchObject({ mountId: mount.mountId, state: "mounted" });
      await expectLayers(scratch, mount.target, graph, id);
      await execa("rm", [join(mount.target, "b")]);
      expect(await mounts.changes(mount.mountId)).toEqual([{ kind: "delete", path: "/b" }]);
      await mounts.unmount(mount.mountId);
    }
    expect(mountsBelow(parent)).toEqual([]);
  });

  it("whose upper the kernel refuses tells the refusal, and leaves nothing", async () => {
    const outer = await newGraph(scratch);
    const around = await openMounts(outer).mount({ id: await writeStack(outer, ["mkdir d"]), driver });
    const graph = await openGraph(join(around.target, "root"), { create: true });
    const id = await writeStack(graph, ["echo a > a"]);
    const mounts = openMounts(graph);
    const refused = mounts.mount({ id, driver });
    await expect(refused).rejects.toMatchObject({
      code: "MOUNT_FAILED",
      message: expect.stringMatching(
        /^the image layer-1 cannot be mounted on .*rootfs: mount: exit code 32: mount: /s,
      ),
    });
    expect(mounts.list()).toEqual([]);
    expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
    expect(mountsBelow(graph.root)).toEqual([]);
  });
});
