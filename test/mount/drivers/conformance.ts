// What every driver has to do, whatever it is made of. Each driver's test file runs these cases by one call, and has cases
// of its own for what is special about it.
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Graph, openGraph } from "../../../src/graph/index.js";
import { packUpper } from "../../../src/layer/index.js";
// Its properties say which of the cases concern a driver.
import { driverOf } from "../../../src/mount/drivers/index.js";
import { type Mount, openMounts } from "../../../src/mount/index.js";
import type { MountDriverName } from "../../../src/terms/mount-drivers.js";
import { collect } from "../../support/collect.js";
import { dockerImages, unpackDockerGraph } from "../../support/images/docker-graph.js";
import { mountedNow } from "../../support/mounts/mounted.js";
import {
  expectLayers,
  mountsBelow,
  newGraph,
  shownTree,
  useScratchMounts,
  withTools,
  writeStack,
} from "../../support/mounts/scratch-mounts.js";
import { runs } from "../../support/processes/runs.js";
import { applyLayers } from "../../support/trees/apply-layers.js";
import { layerStacks } from "../../support/trees/layer-stacks.js";
import { type RandomLayer, randomLayers, writeRandomLayer } from "../../support/trees/random-layers.js";
import { makeRichTree } from "../../support/trees/rich-tree.js";
import { listTree } from "../../support/trees/tree-listing.js";

/** What the suite cannot read off a driver's properties. */
export interface Traits {
  /** Scripts in place of the host's tools, by which a mount fails with the words "it broke", and the code of that. */
  readonly breaking: () => Promise<Readonly<Record<string, string>>>;
  readonly breakingCode: string;
  /** A name for a root, with all the characters that mean something to the driver and that it takes. */
  readonly rootName: string;
  /** True for a driver by which the first write to a file changes the time of the directory that the file lies in. */
  readonly touchesDirectories?: boolean;
  /** True for a driver that writes a file of several names under the one which it has met first, in the disk's order. */
  readonly namesHardLinksByChance?: boolean;
  /** Leaves out of random layers what the driver cannot show. */
  readonly showable?: (layer: RandomLayer) => RandomLayer;
  /**
   * Scripts in place of the host's tools for a driver that this kernel lacks. The cases about what a mount shows are left
   * out then.
   */
  readonly recorder?: Readonly<Record<string, string>>;
}

/** Declares a case where it applies, and nothing elsewhere. */
const itIf = (applies: boolean): ((name: string, body: () => Promise<void>) => void) =>
  applies ? it : () => undefined;

/** Declares the cases. To be called at the top of a test file. */
export function itConforms(driver: MountDriverName, traits: Traits): void {
  const scratch = useScratchMounts();
  const { isKernelMount, deletions } = driverOf(driver);
  const hasUpper = deletions !== undefined;
  const { recorder } = traits;
  const within = <T>(body: () => Promise<T>): Promise<T> =>
    recorder === undefined ? body() : withTools(scratch, recorder, body);

  function expectNothingLeft(graph: Graph): void {
    expect(openMounts(graph).list()).toEqual([]);
    expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
    expect(mountsBelow(graph.root)).toEqual([]);
  }

  describe(`every driver: a mount by ${driver}`, () => {
    it("is told as what it is, with an upper if it takes writes there", () =>
      within(async () => {
        const graph = await newGraph(scratch);
        const id = await writeStack(graph, ["echo a > a", "echo b > b"]);
        const mounts = openMounts(graph);
        const mount = await mounts.mount({ id, driver });
        const own = join(graph.root, "mounts", mount.mountId);
        expect(mount).toMatchObject({ id, driver, layers: 2, target: join(own, "rootfs") });
        if (recorder === undefined) expect(mount.state).toBe("mounted");
        if (hasUpper) expect(mount.upper).toBe(join(own, "upper"));
        else expect(mount).not.toHaveProperty("upper");
        expect(mounts.list()).toEqual([mount]);
        const readOnly = await mounts.mount({ id, driver, isReadOnly: true });
        expect(readOnly).not.toHaveProperty("upper");
        await expect(mounts.upper(readOnly.mountId)).rejects.toMatchObject({ code: "MOUNT_UNSUPPORTED" });
        if (hasUpper) expect(await mounts.changes(readOnly.mountId)).toEqual([]);
        for (const { mountId } of [mount, readOnly]) await mounts.unmount(mountId);
        expectNothingLeft(graph);
      }));

    it("goes to a named target, and leaves nothing when it ends", () =>
      within(async () => {
        const graph = await newGraph(scratch);
        const id = await writeStack(graph, ["echo a > a"]);
        const allowed = await scratch.fresh();
        const mounts = openMounts(graph, { targets: [allowed] });
        const mount = await mounts.mount({ id, driver, target: join(allowed, "web") });
        expect(mount.target).toBe(join(allowed, "web"));
        if (recorder === undefined) expect(mountsBelow(allowed)).toEqual(isKernelMount ? [mount.target] : []);
        expect(mounts.find(mount.target)).toEqual(mount);
        await mounts.unmount(mount.target);
        expect([mountsBelow(allowed), readdirSync(allowed)]).toEqual([[], []]);
        expectNothingLeft(graph);
      }));

    it.each(["made", "there before"])("that fails leaves nothing in a target that was %s", async (how) => {
      const graph = await newGraph(scratch);
      const id = await writeStack(graph, ["mkdir d; echo a > d/a", "echo b > b"]);
      const allowed = await scratch.fresh();
      const target = join(allowed, "target");
      if (how === "there before") mkdirSync(target);
      const mounts = openMounts(graph, { targets: [allowed] });
      await withTools(scratch, await traits.breaking(), () =>
        expect(mounts.mount({ id, driver, target })).rejects.toMatchObject({
          code: traits.breakingCode,
          message: expect.stringMatching(/^the image layer-2 cannot be mounted on .*it broke/s),
        }),
      );
      expectNothingLeft(graph);
      expect(mountsBelow(allowed)).toEqual([]);
      expect(readdirSync(allowed)).toEqual(how === "made" ? [] : ["target"]);
      if (how === "there before") expect(readdirSync(target)).toEqual([]);
      await within(async () => {
        await mounts.mount({ id, driver, target });
        if (recorder === undefined) await expectLayers(scratch, target, graph, id);
        await mounts.unmount(target);
      });
      expectNothingLeft(graph);
    });

    it("works whatever the root is called, and through a symlink to it", () =>
      within(async () => {
        const parent = await scratch.fresh();
        const graph = await openGraph(join(parent, traits.rootName), { create: true });
        symlinkSync(traits.rootName, join(parent, "link"));
        const id = await writeStack(graph, ["mkdir d; echo a > d/a", "mkdir d; touch d/.wh.a; echo b > b"]);
        for (const each of [graph, await openGraph(join(parent, "link"))]) {
          const mounts = openMounts(each);
          const mount = await mounts.mount({ id, driver });
          expect(mount.target).toBe(join(graph.root, "mounts", mount.mountId, "rootfs"));
          expect(mounts.find(mount.target).mountId).toBe(mount.mountId);
          if (recorder === undefined) {
            await expectLayers(scratch, mount.target, graph, id);
            await execa("rm", [join(mount.target, "b")]);
            if (hasUpper)
              expect(await mounts.changes(mount.mountId)).toEqual([{ kind: "delete", path: "/b" }]);
          }
          await mounts.unmount(mount.mountId);
        }
        expect(mountsBelow(parent)).toEqual([]);
      }));
  });

  if (recorder !== undefined) return;

  /** Asserts that a mount shows what its layers stand for; a plain directory with the counts of links too. */
  async function expectShown({ target }: Mount, graph: Graph, id: string): Promise<string[]> {
    if (isKernelMount) return expectLayers(scratch, target, graph, id);
    const oracle = await scratch.fresh();
    await applyLayers((await graph.layers(id)).reverse(), oracle);
    const shown = await listTree(target);
    expect(shown).toEqual(await listTree(oracle));
    return shown;
  }

  /** With and without an upper, where there are two ways. */
  const ways = hasUpper ? [false, true] : [false];

  describe(`every driver: ${driver} shows what the layers stand for`, () => {
    it.each(Object.entries(layerStacks))("%s", async (_, scripts) => {
      const graph = await newGraph(scratch);
      const mounts = openMounts(graph);
      const id = await writeStack(graph, scripts);
      const mount = await mounts.mount({ id, driver });
      expect(mount).toMatchObject({ layers: scripts.length, state: "mounted" });
      const shown = await expectShown(mount, graph, id);
      expect(shown.filter((line) => line.includes(".wh.") || line.includes(" device=0"))).toEqual([]);
      // A broken name is listed, and cannot be looked at.
      await execa("ls", ["-lR", mount.target]);
      if (!hasUpper) return;
      expect(await mounts.changes(mount.mountId)).toEqual([]);
      const readOnly = await mounts.mount({ id, driver, isReadOnly: true });
      expect(await shownTree(readOnly.target)).toEqual(shown);
      await execa("ls", ["-lR", readOnly.target]);
      for (const { mountId } of [mount, readOnly]) await mounts.unmount(mountId);
    });

    it("whatever meets in them", async () => {
      const stacks = randomLayers.map((layers) => layers.map(traits.showable ?? ((layer) => layer)));
      await fc.assert(
        fc.asyncProperty(stacks, fc.boolean(), async (layers, isReadOnly) => {
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
          const mount = await mounts.mount({ id, driver, isReadOnly });
          await expectShown(mount, graph, id);
          await mounts.unmount(mount.mountId);
          expect(mountsBelow(graph.root)).toEqual([]);
        }),
        { numRuns: runs(driver === "overlay" ? 8 : 6) },
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
      const deleted = [".wh.closed", ".wh.usr", ".wh.empty"];
      await execa("touch", deleted, { cwd: join(graph.directory, "layer-3/layer") });
      const mounts = openMounts(graph);
      for (const each of ["layer-2", id]) {
        const shown = await expectShown(await mounts.mount({ id: each, driver }), graph, each);
        expect(shown.length).toBeGreaterThan(20);
      }
    });

    it("with the attributes of the topmost layer's root", async () => {
      const graph = await newGraph(scratch);
      const id = await writeStack(graph, [
        "chmod 700 .; setfattr -n user.old -v 1 .",
        "touch .wh.nothing; chmod 1751 .; chown 3:4 .; setfattr -n user.new -v 2 .; touch -d '2003-03-03 03:03:03.03' .",
      ]);
      const mounts = openMounts(graph);
      for (const isReadOnly of ways) {
        const [root] = await expectShown(await mounts.mount({ id, driver, isReadOnly }), graph, id);
        expect(root?.replace(/ links=\d+/, "")).toMatch(
          /^"\." directory 1751 3:4 \d+030000000 user\.new=0x32$/,
        );
      }
    });

    it("from the graph that Docker 0.3 wrote", async () => {
      const root = await scratch.fresh();
      await unpackDockerGraph(root);
      const graph = await openGraph(root);
      const mounts = openMounts(graph);
      const { target } = await mounts.mount({ id: "b750fe79", driver });
      expect(readdirSync(target).sort()).toEqual(["etc", "srv", "usr", "var"]);
      const inEtc = ["group", "hosts", "passwd", "passwd.link", "true"];
      expect(readdirSync(join(target, "etc")).sort()).toEqual(inEtc);
      expect(readdirSync(join(target, "usr/share/doc"))).toEqual(["new"]);
      for (const id of Object.values(dockerImages)) {
        await expectShown(await mounts.mount({ id, driver }), graph, id);
      }
    });
  });

  describe(`every driver: what is written to a mount by ${driver}`, () => {
    it("reaches neither the layers nor other mounts", async () => {
      const graph = await newGraph(scratch);
      const id = await writeStack(graph, [
        "mkdir d; echo a > a; echo b > d/b",
        "echo c > c; touch .wh.a; echo linked > l; ln l m",
      ]);
      const mounts = openMounts(graph);
      const [one, other] = [await mounts.mount({ id, driver }), await mounts.mount({ id, driver })];
      const work = "echo new > new; echo more >> d/b; rm c; echo a > a; echo changed > l";
      await execa("bash", ["-euc", work], { cwd: one.target });
      await expectShown(other, graph, id);
      expect(readFileSync(join(graph.directory, "layer-1/layer/d/b"), "utf8")).toBe("b\n");
      expect(readFileSync(join(graph.directory, "layer-2/layer/m"), "utf8")).toBe("linked\n");
      expect(lstatSync(join(graph.directory, "layer-2/layer/c")).isFile()).toBe(true);
      if (!hasUpper) return;
      expect(await mounts.changes(one.mountId)).toEqual([
        { kind: "add", path: "/a" },
        { kind: "delete", path: "/c" },
        ...(traits.touchesDirectories ? [{ kind: "modify", path: "/d" }] : []),
        { kind: "modify", path: "/d/b" },
        { kind: "modify", path: traits.namesHardLinksByChance ? expect.stringMatching(/^\/[lm]$/) : "/l" },
        { kind: "add", path: "/new" },
      ]);
      expect(readdirSync(`${one.upper}`).filter((name) => !name.startsWith(".wh."))).toEqual(
        expect.arrayContaining(["a", "d", ...(traits.namesHardLinksByChance ? [] : ["l"]), "new"]),
      );
    });

    itIf(hasUpper)("is told as changes, and packs as a layer of them", async () => {
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
      for (const each of new Set<MountDriverName>(["overlay", driver])) {
        const again = await mounts.mount({ id: "committed", driver: each });
        const { stdout: after } = await execa("find", [".", "-printf", "%p %y %m %l\n"], {
          cwd: again.target,
        });
        expect(after.split("\n").sort()).toEqual(before.split("\n").sort());
        expect(readFileSync(join(again.target, "d/a"), "utf8")).toBe("a\nmore\n");
      }
    });

    itIf(hasUpper)("is refused by a read-only one, be it of one layer or two", async () => {
      const graph = await newGraph(scratch);
      await writeStack(graph, ["echo a > a", "echo b > b"]);
      const mounts = openMounts(graph);
      for (const id of ["layer-1", "layer-2"]) {
        const { target } = await mounts.mount({ id, driver, isReadOnly: true });
        expect(() => writeFileSync(join(target, "a"), "")).toThrow("EROFS");
        expect(optionsOf(target)).toContain("ro");
      }
    });
  });

  itIf(isKernelMount)(
    "every driver: a mount has neither devices nor setuid programs by default, and the options it is given",
    async () => {
      const graph = await newGraph(scratch);
      const id = await writeStack(graph, ["echo a > a"]);
      const mounts = openMounts(graph);
      const plain = optionsOf((await mounts.mount({ id, driver })).target);
      expect(plain).toEqual(expect.arrayContaining(["rw", "nodev", "nosuid"]));
      expect(plain).not.toContain("noexec");
      // Options about access times of directories are for every driver, be it that it keeps none.
      const options = ["noexec", "nodiratime"];
      const given = optionsOf((await mounts.mount({ id, driver, options })).target);
      expect(given).toEqual(expect.arrayContaining(["nodev", "nosuid", "noexec"]));
    },
  );
}

/** The options that the kernel has of what is mounted on a target. */
export function optionsOf(target: string): readonly string[] {
  return mountedNow().find((mounted) => mounted.target === target)?.options ?? [];
}
