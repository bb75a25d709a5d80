import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { removeAbandonedStaging } from "../../src/disk/staging.js";
import type { Graph } from "../../src/graph/index.js";
import { type MountRequest, type Mounts, openMounts } from "../../src/mount/index.js";
import {
  expectLayers,
  mountsBelow,
  newGraph,
  toolPath,
  useScratchMounts,
  withTools,
  writeStack,
} from "../support/mounts/scratch-mounts.js";
import { bundle, startNode } from "../support/processes/node-process.js";

const scratch = useScratchMounts();

let modules: string[];
beforeAll(async () => {
  modules = [await bundle("graph/index.ts"), await bundle("mount/index.ts")];
});

let graph: Graph;
let id: string;
let allowed: string;
let mounts: Mounts;
beforeEach(async () => {
  graph = await newGraph(scratch);
  id = await writeStack(graph, ["mkdir d; echo a > d/a; echo b > b", "mkdir d; touch .wh.b; echo c > d/c"]);
  allowed = await scratch.fresh();
  mounts = openMounts(graph, { targets: [join(graph.root, "mounts"), allowed] });
});

const program = `
  const { openGraph } = await import(process.argv[1]);
  const { openMounts } = await import(process.argv[2]);
  const [,,, root, allowed, request] = process.argv;
  await openMounts(await openGraph(root), { targets: [root + "/mounts", allowed] }).mount(JSON.parse(request));
  console.log("done");`;

function mountElsewhere(request: MountRequest) {
  return startNode(program, ...modules, graph.root, allowed, JSON.stringify(request));
}

/** Mounts in a process of its own, which is killed by the tools that it runs. */
async function mountKilled(request: MountRequest, scripts: Record<string, string>): Promise<void> {
  await withTools(scratch, scripts, async () => {
    const killed = mountElsewhere(request);
    await expect(killed).rejects.toMatchObject({ signal: "SIGKILL" });
  });
}

const die = "kill -KILL $PPID";

/** Asserts that nothing is left of any mount. */
async function expectNothingLeft() {
  expect(mountsBelow(scratch.path)).toEqual([]);
  expect(mounts.list()).toEqual([]);
  expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
  await removeAbandonedStaging(graph);
  expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
}

describe("a process killed right after mount(2)", () => {
  it.each([
    ["overlay", false, "mount"],
    ["overlay", true, "mount"],
    ["fuse-overlayfs", false, "fuse-overlayfs"],
  ] as const)(
    "leaves a mount by %s (read-only: %s) that the next start adopts",
    async (driver, isReadOnly, tool) => {
      const real = await toolPath(tool);
      const mountThenDie = `${real} "$@"; [ "$1" = --version ] || ${die}`;
      await mountKilled({ id, driver, isReadOnly }, { [tool]: mountThenDie });
      const [left] = mounts.list();
      expect(mountsBelow(graph.root)).toEqual([left?.target]);

      expect(await mounts.recover()).toEqual({ adopted: [left?.mountId], undone: [], damaged: [] });
      expect(await mounts.recover()).toEqual({ adopted: [], undone: [], damaged: [] });
      expect(mounts.list()).toMatchObject([{ id, driver, state: "mounted" }]);
      await expectLayers(scratch, `${left?.target}`, graph, id);
      expect(await mounts.changes(`${left?.mountId}`)).toEqual([]);
      await mounts.unmount(`${left?.mountId}`);
      await expectNothingLeft();
    },
  );

  it("leaves one that can be unmounted without being adopted", async () => {
    await mountKilled({ id, driver: "overlay" }, { mount: `${await toolPath("mount")} "$@"; ${die}` });
    await mounts.unmount(`${mounts.list()[0]?.mountId}`);
    await expectNothingLeft();
  });

  it("leaves what was written to it, though the mount has gone since", async () => {
    await mountKilled({ id, driver: "overlay" }, { mount: `${await toolPath("mount")} "$@"; ${die}` });
    const [left] = mounts.list();
    writeFileSync(join(`${left?.target}`, "precious"), "");
    await execa("umount", [`${left?.target}`]);
    expect(await mounts.recover()).toEqual({ adopted: [], undone: [], damaged: [] });
    expect(mounts.list()).toMatchObject([{ state: "stale" }]);
    expect(await mounts.changes(`${left?.mountId}`)).toEqual([{ kind: "add", path: "/precious" }]);
    await mounts.unmount(`${left?.mountId}`);
    await expectNothingLeft();
  });
});

describe("a process killed before mount(2)", () => {
  it.each([
    ["overlay", false],
    ["overlay", true],
    ["aufs", false],
  ] as const)(
    "leaves a beginning by %s (read-only: %s) that the next start takes back",
    async (driver, isReadOnly) => {
      await mountKilled({ id, driver, isReadOnly }, { mount: die });
      const [left] = mounts.list();
      expect(left).toMatchObject({ state: "stale" });
      expect(await mounts.recover()).toEqual({ adopted: [], undone: [left?.mountId], damaged: [] });
      await expectNothingLeft();
    },
  );

  it.each(["made", "there before"])("leaves a target that was %s as it was", async (how) => {
    const target = join(allowed, "target");
    if (how === "there before") mkdirSync(target);
    await mountKilled({ id, driver: "overlay", target }, { mount: die });
    expect((await mounts.recover()).undone).toHaveLength(1);
    expect(existsSync(target)).toBe(how === "there before");
    await expectNothingLeft();
    const mount = await mounts.mount({ id, driver: "overlay", target });
    expect(mount).toMatchObject({ target, state: "mounted" });
  });

  it("that a mount(8) outlives leaves no mount that nobody knows", async () => {
    const directory = await scratch.fresh();
    const [go, ended] = [join(directory, "go"), join(directory, "ended")];
    await execa("mkfifo", [go, ended]);
    const outliving = `${die}; read _ < '${go}'; ${await toolPath("mount")} "$@"; echo $? > '${ended}'`;
    await mountKilled({ id, driver: "overlay" }, { mount: `exec > /dev/null 2>&1; ${outliving}` });
    expect((await mounts.recover()).undone).toHaveLength(1);
    await execa("bash", ["-c", `echo > '${go}'`]);
    const { stdout } = await execa("cat", [ended]);
    expect(stdout).not.toBe("0");
    await expectNothingLeft();
  });

  it("right when it wants the lock of the mounts keeps nobody from mounting", async () => {
    const flock = `case "$*" in *"/mounts/."*) ${die};; *) exec ${await toolPath("flock")} "$@";; esac`;
    await mountKilled({ id, driver: "overlay" }, { flock });
    expect(await mounts.recover()).toEqual({ adopted: [], undone: [], damaged: [] });
    await expectNothingLeft();
    expect(await mounts.mount({ id, driver: "overlay" })).toMatchObject({ state: "mounted" });
  });
});

describe("a process killed while it copies", () => {
  it.each(["made", "there before"])(
    "leaves a part that the next start removes, from a target that was %s",
    async (how) => {
      const target = join(allowed, "target");
      if (how === "there before") mkdirSync(target);
      const tar = await toolPath("tar");
      const writeThenDie = `case "$*" in *"-x "*) ${tar} "$@"; ${die};; *) exec ${tar} "$@";; esac`;
      await mountKilled({ id, driver: "copy", target }, { tar: writeThenDie });
      expect(readdirSync(target)).not.toEqual([]);
      expect((await mounts.recover()).undone).toHaveLength(1);
      if (how === "made") expect(readdirSync(allowed)).toEqual([]);
      else expect(readdirSync(target)).toEqual([]);
      await expectNothingLeft();
    },
  );
});

describe("recovering", () => {
  it("leaves alone what a living process is doing", async () => {
    const directory = await scratch.fresh();
    const [started, go] = [join(directory, "started"), join(directory, "go")];
    await execa("mkfifo", [started, go]);
    const waiting = `echo > '${started}'; read _ < '${go}'; exec ${await toolPath("mount")} "$@"`;
    await withTools(scratch, { mount: waiting }, async () => {
      const child = mountElsewhere({ id, driver: "overlay" });
      await execa("cat", [started]);
      expect(await mounts.recover()).toEqual({ adopted: [], undone: [], damaged: [] });
      expect(mounts.list()).toHaveLength(1);
      await execa("bash", ["-c", `echo > '${go}'`]);
      expect((await child).stdout).toBe("done");
    });
    expect(mounts.list()).toMatchObject([{ state: "mounted" }]);
    await expectLayers(scratch, `${mounts.list()[0]?.target}`, graph, id);
  });

  it("leaves alone what is mounted, what went and what was kept", async () => {
    const made = [];
    for (let number = 0; number < 3; number++) made.push(await mounts.mount({ id, driver: "overlay" }));
    const [mounted, stale, kept] = made.map(({ mountId }) => mountId);
    await execa("umount", [`${made[1]?.target}`]);
    await mounts.unmount(`${kept}`, { keepUpper: true });
    // As if all of them were of a process that is gone.
    for (const { mountId } of made) {
      const path = join(graph.root, "mounts", mountId, "mount.json");
      const record = JSON.parse(readFileSync(path, "utf8"));
      writeFileSync(path, JSON.stringify({ ...record, owner: record.owner.replace(/\d+$/, "1") }));
    }
    expect(await mounts.recover()).toEqual({ adopted: [], undone: [], damaged: [] });
    const states = Object.fromEntries(mounts.list().map(({ mountId, state }) => [mountId, state]));
    expect(states).toEqual({ [`${mounted}`]: "mounted", [`${stale}`]: "stale", [`${kept}`]: "unmounted" });
  });

  it("tells of records that are damaged, and goes on", async () => {
    await mountKilled({ id, driver: "overlay" }, { mount: die });
    const damaged = join(graph.root, "mounts/0123456789abcdef");
    mkdirSync(damaged);
    writeFileSync(join(damaged, "mount.json"), '{"mountId": 1}');
    const recovery = await mounts.recover();
    expect(recovery).toMatchObject({ adopted: [], damaged: [expect.stringContaining(damaged)] });
    expect(recovery.undone).toHaveLength(1);
    expect(readdirSync(join(graph.root, "mounts"))).toEqual(["0123456789abcdef"]);
  });

  it("is nothing where nothing was mounted", async () => {
    expect(await mounts.recover()).toEqual({ adopted: [], undone: [], damaged: [] });
    expect(existsSync(join(graph.root, "mounts"))).toBe(false);
  });
});

describe("the mount of a job", () => {
  it("is found by it, adopted if need be; a beginning is taken back", async () => {
    expect(await mounts.ofJob("1")).toBeUndefined();
    const made = await mounts.mount({ id, driver: "overlay", jobId: "1" });
    expect(await mounts.ofJob("1")).toEqual(made);
    expect(await mounts.ofJob("2")).toBeUndefined();
    await mountKilled(
      { id, driver: "overlay", jobId: "2" },
      { mount: `${await toolPath("mount")} "$@"; ${die}` },
    );
    await mountKilled({ id, driver: "overlay", jobId: "3" }, { mount: die });
    expect(await mounts.ofJob("2")).toMatchObject({ state: "mounted" });
    expect(await mounts.ofJob("3")).toBeUndefined();
    expect(mounts.list()).toHaveLength(2);
    expect(mountsBelow(graph.root)).toHaveLength(2);
  });
});
