import { readFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, it } from "vitest";
import { type Graph, openGraph } from "../../../src/graph/index.js";
import { availableDrivers, openMounts } from "../../../src/mount/index.js";
import { newGraph, useScratchMounts, writeStack } from "../../support/mounts/scratch-mounts.js";
import { withEnvironment } from "../../support/processes/environment.js";
import { bundle } from "../../support/processes/node-process.js";
import { pathWithout } from "../../support/processes/path-without.js";
import { asNobody, nobody } from "../../support/processes/unprivileged.js";
import { applyLayers } from "../../support/trees/apply-layers.js";

const scratch = useScratchMounts();

let modules: string[];
beforeAll(async () => {
  modules = [await bundle("graph/index.ts"), await bundle("mount/index.ts")];
});

/** A graph that belongs to a user without rights. */
async function graphOfNobody(): Promise<{ graph: Graph; id: string }> {
  const graph = await newGraph(scratch);
  const id = await writeStack(graph, [
    "mkdir d; echo a > d/a; echo b > d/b; echo c > c",
    "mkdir d; touch d/.wh.a .wh.c; echo n > n",
  ]);
  await execa("chown", ["-R", `${nobody}:${nobody}`, graph.root]);
  await chmod(scratch.path, 0o711);
  return { graph, id };
}

describe("auto", () => {
  it("takes the first driver that works here", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a"]);
    const [first] = await availableDrivers();
    expect(first).toBe("overlay");
    expect(await openMounts(graph).mount({ id })).toMatchObject({ driver: first, state: "mounted" });
    expect(await openMounts(graph).mount({ id, driver: "auto" })).toMatchObject({ driver: first });
  });

  it("has copy to fall back on everywhere", async () => {
    expect(await availableDrivers()).toContain("copy");
  });
});

describe("a driver that this host lacks", () => {
  it("is refused with what to install, and what would do", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a"]);
    const mounts = openMounts(graph);
    const PATH = await pathWithout(await scratch.fresh(), "fuse-overlayfs");
    await withEnvironment({ PATH }, async () => {
      expect(await availableDrivers()).toEqual(["overlay", "copy"]);
      await expect(mounts.mount({ id, driver: "fuse-overlayfs" })).rejects.toMatchObject({
        code: "TOOL_MISSING",
        message: expect.stringMatching(/apt-get install fuse-overlayfs\); here work: overlay, copy$/),
      });
    });
    expect(mounts.list()).toEqual([]);
  });

  it("is not one whose program cannot run", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a"]);
    const directory = await scratch.fresh();
    await execa(
      "bash",
      ["-euc", "printf '#!/bin/sh\\nexit 3\\n' > fuse-overlayfs; chmod +x fuse-overlayfs"],
      { cwd: directory },
    );
    await withEnvironment({ PATH: `${directory}${delimiter}${process.env.PATH}` }, async () => {
      await expect(openMounts(graph).mount({ id, driver: "fuse-overlayfs" })).rejects.toMatchObject({
        code: "MOUNT_UNSUPPORTED",
        message: expect.stringMatching(/fuse-overlayfs cannot work here: .*; here work: overlay, copy$/),
      });
    });
  });
});

describe("without root", () => {
  it.each(["overlay", "aufs"] as const)("%s is refused with a word about fuse-overlayfs", async (driver) => {
    const { graph, id } = await graphOfNobody();
    const mounts = openMounts(graph);
    const refused = asNobody(() => mounts.mount({ id, driver }));
    await expect(refused).rejects.toMatchObject({
      code: "NEEDS_ROOT",
      message: expect.stringMatching(
        new RegExp(
          `^the driver ${driver} needs root \\(CAP_SYS_ADMIN\\).*driver fuse-overlayfs .*needs no root`,
        ),
      ),
    });
    expect(mounts.list()).toEqual([]);
  });

  /** Lists a tree: what its files are, without times. */
  const listing =
    "find . -printf '%p %y %m %U:%G %s %l\\n' | grep -v '^. ' | sed 's/ d \\(.*\\) [0-9]* $/ d \\1/' | sort";
  /** Mounts, prints what is seen, changes something and prints that, and unmounts. */
  const program = `
    import { execFileSync } from "node:child_process";
    const { openGraph } = await import(process.argv[1]);
    const { openMounts } = await import(process.argv[2]);
    const [,,, root, id, driver, listing] = process.argv;
    const mounts = openMounts(await openGraph(root));
    const mount = await mounts.mount({ id, driver });
    const shell = (line) => execFileSync("bash", ["-euo", "pipefail", "-c", line], { cwd: mount.target, encoding: "utf8" });
    const shown = shell(listing);
    shell("rm -r d; mkdir d; echo new > d/new; echo more >> n");
    const changes = mount.upper === undefined ? [] : await mounts.changes(mount.mountId);
    const before = mounts.find(mount.mountId).state;
    await mounts.unmount(mount.mountId);
    console.log(JSON.stringify({ driver: mount.driver, before, shown, changes, left: mounts.list() }));`;

  /** Runs the program as that user; where `fuse` says so, with a /dev/fuse that all may open, seen by it alone. */
  async function runAsNobody(
    graph: Graph,
    id: string,
    driver: string,
    fuse: boolean,
    PATH = process.env.PATH,
  ) {
    const script = `
      if [ "$1" = true ]; then
        mount -t tmpfs tmpfs "$2" && mknod "$2/fuse" c 10 229 && chmod 666 "$2/fuse"
        mount --bind "$2/fuse" /dev/fuse && umount --lazy "$2"
      fi
      cd / && shift 2 && exec setpriv --reuid=${nobody} --regid=${nobody} --clear-groups "$@"`;
    const { stdout } = await execa(
      "unshare",
      [
        ...["--mount", "bash", "-euc", script, "bash", `${fuse}`, await scratch.fresh()],
        ...[
          process.execPath,
          "--input-type=module",
          "-e",
          program,
          ...modules,
          graph.root,
          id,
          driver,
          listing,
        ],
      ],
      { stdin: "ignore", env: { PATH: PATH ?? "" } },
    );
    return JSON.parse(stdout);
  }

  async function oracleListing(graph: Graph, id: string): Promise<string> {
    const oracle = await scratch.fresh();
    await applyLayers((await graph.layers(id)).reverse(), oracle);
    return `${(await execa("bash", ["-c", listing], { cwd: oracle })).stdout}\n`;
  }

  it("auto takes what needs none: copy, where nothing else is there", async () => {
    const { graph, id } = await graphOfNobody();
    const PATH = await pathWithout(await scratch.fresh(), "fuse-overlayfs");
    await execa("chmod", ["-R", "a+rX", PATH]);
    const result = await runAsNobody(graph, id, "auto", false, PATH);
    expect(result).toMatchObject({ driver: "copy", before: "mounted", left: [] });
    expect(result.shown).toBe(await oracleListing(graph, id));
  });

  it("auto takes fuse-overlayfs, which mounts, tells changes and unmounts", async () => {
    const { graph, id } = await graphOfNobody();
    const result = await runAsNobody(graph, id, "auto", true);
    expect(result).toMatchObject({ driver: "fuse-overlayfs", before: "mounted", left: [] });
    expect(result.shown).toBe(await oracleListing(graph, id));
    expect(result.changes.map(({ kind, path }: { kind: string; path: string }) => `${kind} ${path}`)).toEqual(
      ["modify /d", "delete /d/b", "add /d/new", "modify /n"],
    );
    expect(readFileSync(join(graph.directory, "layer-1/layer/d/b"), "utf8")).toBe("b\n");
  });

  it("a root that this user may not write is refused with a clear word", async () => {
    const { graph, id } = await graphOfNobody();
    await execa("chown", ["root", graph.root]);
    const refused = asNobody(
      async () => (await openGraph(graph.root)) && openMounts(graph).mount({ id, driver: "copy" }),
    );
    await expect(refused).rejects.toMatchObject({ code: "NEEDS_ROOT" });
  });
});
