import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { removeAbandonedStaging } from "../../../src/disk/staging.js";
import type { Graph } from "../../../src/graph/index.js";
import { linkNamesOf, type Mounts, openMounts } from "../../../src/mount/index.js";
import {
  expectLayers,
  mountsBelow,
  newGraph,
  shownTree,
  toolPath,
  useScratchMounts,
  withTools,
  writeStack,
} from "../../support/mounts/scratch-mounts.js";
import { bundle, startNode } from "../../support/processes/node-process.js";

const scratch = useScratchMounts();
const driver = "overlay";

/** Two layers, of which the upper has whiteouts, an opaque directory and files of its own. */
const scripts = [
  "mkdir -p d/e o layer; echo a > d/a; echo b > d/e/b; echo old > o/old; echo 1 > layer/f",
  `mkdir -p d/e o layer; touch d/.wh.a d/e/.wh.b o/.wh..wh..opq; echo new > o/new; echo own > d/own; echo 2 > layer/g
   head -c 1000000 /dev/urandom > d/e/large; ln d/own d/again; setfattr -n user.note -v kept d/e
   chmod 2751 d; chown 7:8 d/e
   find . -depth -type d -exec touch -d '2002-02-02 02:02:02.000000002' {} +`,
];

async function newStack(): Promise<{
  graph: Graph;
  mounts: Mounts;
  id: string;
  view: string;
  state: string;
}> {
  const graph = await newGraph(scratch);
  const id = await writeStack(graph, scripts);
  const views = join(graph.root, "views");
  return { graph, mounts: openMounts(graph), id, view: join(views, id), state: join(views, ":built:", id) };
}

describe("a view", () => {
  it("is made for a layer with whiteouts alone, of hard links that cost no data", async () => {
    const { graph, mounts, id, view } = await newStack();
    const layer = join(graph.directory, id, "layer");
    await mounts.mount({ id, driver });
    const inodes = async (directory: string) =>
      (
        await execa("find", [".", "-type", "f", "!", "-name", ".wh.*", "-printf", "%P %D:%i\n"], {
          cwd: directory,
        })
      ).stdout;
    expect(await inodes(view)).toContain("d/e/large");
    expect((await inodes(view)).split("\n").sort()).toEqual((await inodes(layer)).split("\n").sort());
    expect(readdirSync(join(graph.root, "views")).filter((name) => !name.startsWith(":"))).toEqual([id]);
    // The layer still is what it was.
    expect(readdirSync(join(layer, "d")).sort()).toEqual([".wh.a", "again", "e", "own"]);
  });

  it("shows the directories with the times and attributes of the layer, and no marker", async () => {
    const { graph, mounts, id, view } = await newStack();
    await mounts.mount({ id, driver });
    const directories = (lines: string[]) =>
      lines
        .filter((line) => line.includes(" directory "))
        .map((line) => line.replace(/ trusted\.overlay\.opaque=0x79$/, ""));
    const lines = await shownTree(view);
    expect(directories(lines)).toEqual(directories(await shownTree(join(graph.directory, id, "layer"))));
    expect(lines.filter((line) => line.includes(".wh."))).toEqual([]);
    const devices = lines.filter((line) => line.includes("device=0")).map((line) => line.split(" ", 2));
    expect(devices).toEqual([
      ['"d/a"', "char"],
      ['"d/e/b"', "char"],
    ]);
    expect(lines.filter((line) => line.endsWith("trusted.overlay.opaque=0x79"))).toHaveLength(1);
  });

  it("is built once and then reused, by another process too", async () => {
    const { graph, mounts, id, view, state } = await newStack();
    await mounts.mount({ id, driver });
    const built = statSync(view);
    const written = statSync(state);
    const other = openMounts(graph);
    for (const each of [mounts, other, openMounts(graph)]) {
      await each.unmount((await each.mount({ id, driver })).mountId);
    }
    expect(statSync(view).ino).toBe(built.ino);
    expect(statSync(state).mtimeMs).toBe(written.mtimeMs);
  });

  it("is built once by two mounts at the same time", async () => {
    const { graph, id } = await newStack();
    const cp = await toolPath("cp");
    const log = join(await scratch.fresh(), "log");
    writeFileSync(log, "");
    await withTools(scratch, { cp: `echo built >> '${log}'; exec ${cp} "$@"` }, async () => {
      const made = await Promise.all(
        Array.from({ length: 3 }, () => openMounts(graph).mount({ id, driver })),
      );
      for (const { target } of made) await expectLayers(scratch, target, graph, id);
    });
    expect(readFileSync(log, "utf8")).toBe("built\n");
  });

  it("goes with its image, and so does what is known of it", async () => {
    const { graph, mounts, id, view, state } = await newStack();
    await mounts.unmount((await mounts.mount({ id, driver })).mountId);
    await mounts.deleteImage(id);
    expect([existsSync(view), existsSync(state)]).toEqual([false, false]);
    expect(readdirSync(join(graph.root, "views/:links:"))).toEqual([
      linkNamesOf(join(graph.directory, "layer-1/layer"))[0],
    ]);
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  });

  it("is found by a second name if its first belongs to another", async () => {
    const { graph, mounts, id, view } = await newStack();
    const links = join(graph.root, "views/:links:");
    const [first = "", second = ""] = linkNamesOf(view);
    mkdirSync(links, { recursive: true });
    symlinkSync("/etc", join(links, first));
    const { target, mountId } = await mounts.mount({ id, driver });
    await expectLayers(scratch, target, graph, id);
    expect(readdirSync(links).sort()).toEqual(
      [first, second, linkNamesOf(join(graph.directory, "layer-1/layer"))[0]].sort(),
    );
    await mounts.unmount(mountId);
    await mounts.deleteImage(id);
    expect(readdirSync(links)).toHaveLength(2);
    expect(readdirSync(links)).toContain(first);
  });

  it("of an ancestor that is damaged is built anew for a descendant whose own is good", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, [...scripts, "mkdir d; touch d/.wh.own; echo 3 > three"]);
    const mounts = openMounts(graph);
    await mounts.unmount((await mounts.mount({ id, driver })).mountId);
    await execa("rm", ["-r", join(graph.root, "views/layer-2/d/e")]);
    const { target } = await mounts.mount({ id, driver });
    await expectLayers(scratch, target, graph, id);
    expect(existsSync(join(graph.root, "views/layer-2/d/e/large"))).toBe(true);
  });

  it("of an image that was deleted is not taken for that of a new one of the same id", async () => {
    const { graph, mounts, id, view } = await newStack();
    await mounts.unmount((await mounts.mount({ id, driver })).mountId);
    // As the daemon of Docker 0.3 deletes, which knows nothing of views.
    for (const each of [id, "layer-1"]) rmSync(join(graph.directory, each), { recursive: true });
    await writeStack(graph, ["mkdir d; echo a > d/a", "touch .wh.d; echo other > other"]);
    const { target } = await mounts.mount({ id, driver });
    await expectLayers(scratch, target, graph, id);
    expect(readdirSync(view).sort()).toEqual(["d", "other"]);
  });

  it("that a killed process was building is built anew", async () => {
    const { graph, mounts, id } = await newStack();
    const modules = [await bundle("graph/index.ts"), await bundle("mount/index.ts")];
    const program = `
      const { openGraph } = await import(process.argv[1]);
      const { openMounts } = await import(process.argv[2]);
      await openMounts(await openGraph(process.argv[3])).mount({ id: "layer-2", driver: "overlay" });`;
    const cp = await toolPath("cp");
    await withTools(scratch, { cp: `${cp} "$@"; kill -KILL $PPID` }, async () => {
      const killed = startNode(program, ...modules, graph.root);
      await expect(killed).rejects.toMatchObject({ signal: "SIGKILL" });
    });
    expect(await removeAbandonedStaging(graph)).not.toEqual([]);
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
    const { target } = await mounts.mount({ id, driver });
    await expectLayers(scratch, target, graph, id);
  });
});

describe("a view that is damaged", () => {
  const damages: Record<string, string> = {
    "a file removed": "rm d/own",
    "a directory removed": "rm -r layer",
    "a whiteout device removed": "rm d/e/b",
    "a whiteout device replaced by a file": "rm d/a; touch d/a",
    "a name added": "touch d/e/more",
    "the opaque attribute removed": "setfattr -x trusted.overlay.opaque o",
    "an opaque attribute added": "setfattr -n trusted.overlay.opaque -v y d",
    "the mode of a directory changed": "chmod 700 d/e",
    "the root emptied": "find . -mindepth 1 -delete",
    "the view gone": 'rm -r "$PWD"',
    "a file in place of the view": "cd ..; rm -r layer-2; touch layer-2",
    "a link to another directory in its place": "cd ..; mv layer-2 moved; ln -s moved layer-2",
    "its state gone": 'rm "$PWD/../:built:/layer-2"',
    "its state garbage": 'echo "{" > "$PWD/../:built:/layer-2"',
    "its state of another form": 'echo "[null, 1]" > "$PWD/../:built:/layer-2"',
    "what is known of the stack of another form": `sed -i 's/"stack":{.*}/"stack":{"views":7}}/' "$PWD/../:built:/layer-2"`,
    "all states gone": 'rm -r "$PWD/../:built:"',
    "all links gone": 'rm -r "$PWD/../:links:"',
    "the links lead elsewhere": 'for link in "$PWD/../:links:"/*; do ln -sfn /etc "$link"; done',
    "files in place of the links":
      'for link in "$PWD/../:links:"/*; do rm "$link"; echo "$link" > "$link"; done',
    "all views gone": 'cd ..; rm -r "$PWD"',
  };

  it.each(Object.entries(damages))("(%s) is built anew before it is mounted", async (_, damage) => {
    const { graph, mounts, id, view } = await newStack();
    await mounts.unmount((await mounts.mount({ id, driver })).mountId);
    await execa("bash", ["-euc", damage], { cwd: view });
    const { target } = await mounts.mount({ id, driver });
    await expectLayers(scratch, target, graph, id);
    expect(lstatSync(view).isDirectory()).toBe(true);
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  });

  /** Mounts the stack twice, with a view that was damaged in between: in a way that the first mount does not show. */
  async function mountTwice() {
    const stack = await newStack();
    const { graph, mounts, id, view } = stack;
    const before = await mounts.mount({ id, driver });
    const kept = await expectLayers(scratch, before.target, graph, id);
    await execa("setfattr", ["-n", "user.touched", "-v", "1", join(view, "layer")]);
    await execa("setfattr", ["-x", "user.touched", join(view, "layer")]);
    const inode = statSync(view).ino;
    const after = await mounts.mount({ id, driver });
    expect(statSync(view).ino).not.toBe(inode);
    expect(await expectLayers(scratch, after.target, graph, id)).toEqual(kept);
    return { ...stack, before, after, kept };
  }

  it("while it is mounted is built anew, and the old mount keeps what it shows", async () => {
    const { graph, mounts, before, after, kept } = await mountTwice();
    expect(await shownTree(before.target)).toEqual(kept);
    await mounts.unmount(after.mountId);
    expect(await shownTree(before.target)).toEqual(kept);
    await mounts.unmount(before.mountId);
    expect(readdirSync(join(graph.root, "mounts"))).toEqual([":aside:"]);
    expect(readdirSync(join(graph.root, "mounts/:aside:"))).toEqual([]);
    expect(mountsBelow(graph.root)).toEqual([]);
  });

  it("and was set aside is not taken for a layer by what reads the changes", async () => {
    const { mounts, before, after } = await mountTwice();
    for (const { target, mountId } of [before, after]) {
      writeFileSync(join(target, "d/own"), "changed");
      expect(await mounts.changes(mountId)).toEqual([{ kind: "modify", path: "/d/own" }]);
    }
  });
});
