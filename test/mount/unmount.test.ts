import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cp, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Graph } from "../../src/graph/index.js";
import { packUpper } from "../../src/layer/index.js";
import { type Mounts, openMounts } from "../../src/mount/index.js";
import { collect } from "../support/collect.js";
import {
  mountsBelow,
  newGraph,
  toolPath,
  useScratchMounts,
  withTools,
  writeStack,
} from "../support/mounts/scratch-mounts.js";

const scratch = useScratchMounts();
const driver = "overlay";

let graph: Graph;
let id: string;
let mounts: Mounts;
beforeEach(async () => {
  graph = await newGraph(scratch);
  id = await writeStack(graph, ["mkdir d; echo a > d/a; echo b > b", "touch .wh.b"]);
  mounts = openMounts(graph);
});

/** Asserts that nothing is left of any mount. */
function expectNothingLeft() {
  expect(mountsBelow(graph.root)).toEqual([]);
  expect(mounts.list()).toEqual([]);
  expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
  expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
}

describe("unmounting", () => {
  it.each(["overlay", "fuse-overlayfs", "copy"] as const)("leaves nothing of a mount by %s", async (each) => {
    const mount = await mounts.mount({ id, driver: each });
    writeFileSync(join(mount.target, "d/new"), "");
    expect(await mounts.unmount(mount.mountId)).toEqual(mount);
    expectNothingLeft();
    await expect(mounts.unmount(mount.mountId)).rejects.toMatchObject({ code: "NOT_MOUNTED" });
  });

  it("removes a target that was there before, too, but not what somebody puts into it", async () => {
    const allowed = await scratch.fresh();
    for (const name of ["one", "other"]) mkdirSync(join(allowed, name));
    mounts = openMounts(graph, { targets: [allowed] });
    const one = await mounts.mount({ id, driver, target: join(allowed, "one") });
    const other = await mounts.mount({ id, driver, target: join(allowed, "other") });
    await mounts.unmount(one.target);
    await execa("umount", [other.target]);
    writeFileSync(join(other.target, "file"), "");
    await mounts.unmount(other.mountId);
    expect(readdirSync(allowed)).toEqual(["other"]);
    expectNothingLeft();
  });

  it("of what is not mounted is NOT_MOUNTED", async () => {
    for (const reference of ["0123456789abcdef", "ff", "", "/", "/tmp", graph.root, "../x", "nonsense"]) {
      await expect(mounts.unmount(reference)).rejects.toMatchObject({
        code: "NOT_MOUNTED",
        message: `there is no mount ${JSON.stringify(reference)}`,
      });
    }
  });

  it("by two at once is done once, and fails for neither in a way that leaves something", async () => {
    const { mountId } = await mounts.mount({ id, driver });
    const outcomes = await Promise.allSettled([mounts.unmount(mountId), openMounts(graph).unmount(mountId)]);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "NOT_MOUNTED" });
    }
    expectNothingLeft();
  });

  it("that keeps the upper leaves it for changes and for a commit, until it is unmounted for good", async () => {
    const { mountId, target, upper } = await mounts.mount({ id, driver });
    await execa("bash", ["-euc", "echo new > new; rm d/a"], { cwd: target });
    const archive = await collect(packUpper((await mounts.upper(mountId)).upper));
    await mounts.unmount(mountId, { keepUpper: true });
    expect(mountsBelow(graph.root)).toEqual([]);
    expect(existsSync(target)).toBe(false);
    expect(mounts.list()).toMatchObject([{ mountId, upper, state: "unmounted" }]);
    expect(await mounts.changes(mountId)).toEqual([
      { kind: "modify", path: "/d" },
      { kind: "delete", path: "/d/a" },
      { kind: "add", path: "/new" },
    ]);
    expect(await collect(packUpper((await mounts.upper(mountId)).upper))).toEqual(archive);
    expect(readdirSync(join(graph.root, "mounts", mountId)).sort()).toEqual(["kept", "mount.json", "upper"]);
    await expect(mounts.unmount(mountId, { keepUpper: true })).rejects.toMatchObject({ code: "NOT_MOUNTED" });
    await mounts.unmount(mountId);
    expectNothingLeft();
  });

  it("that keeps the upper frees the target for another mount", async () => {
    const target = join(graph.root, "mounts/web");
    const first = await mounts.mount({ id, driver });
    const { mountId } = await mounts.mount({ id, driver, target });
    await mounts.unmount(mountId, { keepUpper: true });
    const again = await mounts.mount({ id, driver, target });
    expect(mounts.find(target)).toMatchObject({ mountId: again.mountId, state: "mounted" });
    for (const each of [first, again]) await mounts.unmount(each.mountId);
    expect(mounts.list()).toMatchObject([{ mountId, state: "unmounted" }]);
  });

  it("puts away what was unmounted behind its back, which the list calls stale", async () => {
    const { mountId, target } = await mounts.mount({ id, driver });
    writeFileSync(join(target, "new"), "");
    await execa("umount", [target]);
    expect(mounts.list()).toMatchObject([{ mountId, state: "stale" }]);
    expect(await mounts.changes(mountId)).toEqual([{ kind: "add", path: "/new" }]);
    await mounts.unmount(mountId, { keepUpper: true });
    expect(mounts.list()).toMatchObject([{ mountId, state: "unmounted" }]);
    await mounts.unmount(mountId);
    expectNothingLeft();
  });

  it("leaves alone what somebody else mounted on the target meanwhile", async () => {
    const { mountId, target } = await mounts.mount({ id, driver });
    await execa("umount", [target]);
    await execa("mount", ["-t", "tmpfs", "somebody's", target]);
    expect(mounts.find(mountId).state).toBe("stale");
    vi.useFakeTimers({ toFake: ["performance"] });
    const unmounting = mounts.unmount(mountId).catch(() => undefined);
    vi.advanceTimersByTime(3_600_000);
    await unmounting;
    expect(mountsBelow(graph.root)).toEqual([target]);
  });
});
afterEach(() => vi.useRealTimers());

describe("a busy target", () => {
  /** A process that works in a directory. */
  function holder(directory: string) {
    const child = execa("cat", { cwd: directory, stdin: "pipe", stdout: "ignore" });
    child.catch(() => undefined);
    return child;
  }

  /** Runs `body` with an umount that tells of each failure and goes on when it is told to. */
  async function withWatchedUmount(body: (failed: () => Promise<void>) => Promise<void>) {
    const directory = await scratch.fresh();
    const [failures, answers] = [join(directory, "failures"), join(directory, "answers")];
    await execa("mkfifo", [failures, answers]);
    const umount = `${await toolPath("umount")} "$@" && exit; code=$?; echo > '${failures}'; read _ < '${answers}'; exit $code`;
    await withTools(scratch, { umount }, () =>
      body(async () => {
        await readFile(failures);
        const answer = await open(answers, "w");
        await answer.writeFile("\n");
        await answer.close();
      }),
    );
  }

  it("is tried again until it is free", async () => {
    const { mountId, target } = await mounts.mount({ id, driver });
    const held = holder(target);
    const log = join(await scratch.fresh(), "log");
    const umount = `echo "$@" >> '${log}'; ${await toolPath("umount")} "$@" || { code=$?; kill ${held.pid}; exit $code; }`;
    await withTools(scratch, { umount }, () => mounts.unmount(mountId));
    const calls = readFileSync(log, "utf8").trim().split("\n");
    expect(calls.length).toBeGreaterThan(1);
    expect(new Set(calls)).toEqual(new Set([`--no-canonicalize -- ${target}`]));
    expectNothingLeft();
  });

  it("that stays busy is told in the words of umount, and nothing is removed", async () => {
    const { mountId, target } = await mounts.mount({ id, driver });
    writeFileSync(join(target, "new"), "");
    const held = holder(target);
    vi.useFakeTimers({ toFake: ["performance"] });
    await withWatchedUmount(async (failed) => {
      const unmounting = mounts.unmount(mountId);
      unmounting.catch(() => undefined);
      vi.advanceTimersByTime(3_600_000);
      await failed();
      await expect(unmounting).rejects.toMatchObject({
        code: "MOUNT_FAILED",
        message: expect.stringMatching(/umount: exit code 32: .*target is busy/),
      });
    });
    vi.useRealTimers();
    expect(mounts.find(mountId).state).toBe("mounted");
    expect(await mounts.changes(mountId)).toEqual([{ kind: "add", path: "/new" }]);
    held.kill();
    await held.catch(() => undefined);
    await mounts.unmount(mountId);
    expectNothingLeft();
  });

  it("is waited for no longer than the work is wanted", async () => {
    const { mountId, target } = await mounts.mount({ id, driver });
    const held = holder(target);
    const stop = new AbortController();
    await withWatchedUmount(async (failed) => {
      const unmounting = mounts.unmount(mountId, {}, stop.signal);
      unmounting.catch(() => undefined);
      await failed();
      stop.abort();
      await expect(unmounting).rejects.toMatchObject({ code: "CANCELLED" });
    });
    expect(mounts.find(mountId).state).toBe("mounted");
    held.kill();
    await held.catch(() => undefined);
    await mounts.unmount(mountId);
    expectNothingLeft();
  });

  it("of a copy is what has something mounted in it: nothing of that is removed", async () => {
    const { mountId, target } = await mounts.mount({ id, driver: "copy" });
    const precious = await scratch.fresh();
    writeFileSync(join(precious, "file"), "");
    await execa("mount", ["--bind", precious, join(target, "d")]);
    await mounts.unmount(mountId).catch(() => undefined);
    expect(readdirSync(precious)).toEqual(["file"]);
  });
});

describe("a mount is found", () => {
  it("by its id, a prefix of it, and its target by any path", async () => {
    const { mountId, target } = await mounts.mount({ id, driver });
    const link = join(await scratch.fresh(), "link");
    await execa("ln", ["-s", target, link]);
    for (const reference of [mountId, mountId.slice(0, 4), target, `${target}/../rootfs/`, link]) {
      expect(mounts.find(reference).mountId).toBe(mountId);
    }
    expect(() => mounts.find(join(target, "d"))).toThrow("there is no mount");
  });

  it("by a prefix of one alone, else the candidates are told", async () => {
    const { mountId } = await mounts.mount({ id, driver });
    const known = ["aaaa000000000001", "aaaa000000000002"];
    for (const each of known) {
      const directory = join(graph.root, "mounts", each);
      mkdirSync(directory);
      const record = JSON.parse(readFileSync(join(graph.root, "mounts", mountId, "mount.json"), "utf8"));
      writeFileSync(
        join(directory, "mount.json"),
        JSON.stringify({ ...record, mountId: each, target: `/gone/${each}` }),
      );
    }
    expect(() => mounts.find("aaaa")).toThrow(
      expect.objectContaining({ code: "AMBIGUOUS_ID", message: `"aaaa" may be any of ${known.join(", ")}` }),
    );
    expect(mounts.find("aaaa000000000002")).toMatchObject({ state: "stale" });
    expect(mounts.list().map((mount) => mount.mountId)).toEqual([...known, mountId].sort());
  });

  it("unless its record is damaged, which is told", async () => {
    const { mountId, target } = await mounts.mount({ id, driver });
    const sound = await mounts.mount({ id, driver });
    const record = join(graph.root, "mounts", mountId, "mount.json");
    await cp(record, `${record}.sound`);
    writeFileSync(record, "{");
    const warnings: string[] = [];
    expect(mounts.list((line) => warnings.push(line))).toEqual([sound]);
    expect(warnings).toEqual([expect.stringContaining(`${record} of a mount is damaged`)]);
    expect(() => mounts.find(mountId)).toThrow(expect.objectContaining({ code: "INTERNAL" }));
    await cp(`${record}.sound`, record);
    expect(mounts.find(target).state).toBe("mounted");
  });
});
