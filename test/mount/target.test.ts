import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { beforeEach, describe, expect, it } from "vitest";
import { rootEntries } from "../../src/disk/index.js";
import type { Graph } from "../../src/graph/index.js";
import { type Mounts, openMounts } from "../../src/mount/index.js";
import {
  expectLayers,
  mountsBelow,
  newGraph,
  toolPath,
  useScratchMounts,
  withTools,
  writeStack,
} from "../support/mounts/scratch-mounts.js";
import { swapping } from "../support/processes/swapping.js";

const scratch = useScratchMounts();
const driver = "overlay";

let graph: Graph;
let id: string;
/** The directory that the operator allows. */
let allowed: string;
let mounts: Mounts;
beforeEach(async () => {
  graph = await newGraph(scratch);
  id = await writeStack(graph, ["mkdir d; echo a > d/a", "touch d.txt"]);
  allowed = await scratch.fresh();
  mounts = openMounts(graph, { targets: [allowed] });
});

/** Asserts that a target is refused, and that nothing comes of it. */
async function expectRefused(target: string, code: string, message: RegExp | string, of = mounts) {
  const before = mountsBelow(scratch.path);
  const refused = of.mount({ id, driver, target });
  await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  expect(mountsBelow(scratch.path)).toEqual(before);
}

describe("a target", () => {
  it("is made in the root's mounts by default, where others cannot look", async () => {
    mounts = openMounts(graph);
    const { target, mountId } = await mounts.mount({ id, driver });
    expect(target).toBe(join(graph.root, "mounts", mountId, "rootfs"));
    expect(statSync(join(graph.root, "mounts")).mode & 0o777).toBe(0o700);
    await mounts.unmount(mountId);
    expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
  });

  it("may be named below the root's mounts", async () => {
    mounts = openMounts(graph);
    const target = join(graph.root, "mounts", "web");
    expect(await mounts.mount({ id, driver, target })).toMatchObject({ target });
    await expectLayers(scratch, target, graph, id);
    await mounts.unmount(target);
    expect(existsSync(target)).toBe(false);
  });

  it("is made in the first of the directories that are allowed", async () => {
    const second = await scratch.fresh();
    mounts = openMounts(graph, { targets: [join(allowed, "made"), second] });
    const unnamed = await mounts.mount({ id, driver });
    expect(unnamed.target).toBe(join(allowed, "made", unnamed.mountId));
    const named = await mounts.mount({ id, driver, target: join(second, "named") });
    expect(named.target).toBe(join(second, "named"));
    await mounts.unmount(unnamed.mountId);
    expect(readdirSync(join(allowed, "made"))).toEqual([]);
  });

  it("may be there already, if it is empty", async () => {
    const target = join(allowed, "here");
    mkdirSync(target);
    await mounts.mount({ id, driver, target });
    await expectLayers(scratch, target, graph, id);
  });

  it("may be reached through symlinks and .. that end in an allowed place", async () => {
    mkdirSync(join(allowed, "real/deep"), { recursive: true });
    symlinkSync("real", join(allowed, "link"));
    symlinkSync(join(allowed, "real/deep"), join(allowed, "straight"));
    const paths = ["link/one", "link/../two", "straight"].map((path) => `${allowed}/${path}`);
    const made = [];
    for (const target of paths) made.push((await mounts.mount({ id, driver, target })).target);
    expect(made).toEqual(["real/one", "two", "real/deep"].map((path) => join(allowed, path)));
    expect(mounts.find(`${allowed}/straight`).target).toBe(made[2]);
  });

  it.each([
    ["elsewhere", () => join(graph.root, "elsewhere")],
    ["in the root's mounts, where others are allowed", () => join(graph.root, "mounts/web")],
    ["beside it, with the same beginning", () => `${allowed}-beside`],
    ["behind ..", () => `${allowed}/../outside`],
    ["it is /", () => "/"],
    ["it is the allowed directory itself", () => allowed],
    ["the path is relative", () => "some/where"],
    ["the path is empty", () => ""],
  ])("is refused if it lies not below what is allowed: %s", async (_, target) => {
    await expectRefused(target(), "TARGET_FORBIDDEN", /does not lie below|cannot be used/);
    expect(readdirSync(allowed)).toEqual([]);
  });

  it("is refused if a symlink leads out of what is allowed", async () => {
    const outside = await scratch.fresh();
    mkdirSync(join(outside, "empty"));
    symlinkSync(outside, join(allowed, "out"));
    symlinkSync(join(outside, "empty"), join(allowed, "last"));
    symlinkSync(join(outside, "missing"), join(allowed, "dangling"));
    for (const path of ["out/new", "out/empty", "last", "dangling"]) {
      await expectRefused(join(allowed, path), "TARGET_FORBIDDEN", "");
    }
    expect(readdirSync(outside)).toEqual(["empty"]);
  });

  it("is refused if it is no directory, holds something, or has nothing to lie in", async () => {
    writeFileSync(join(allowed, "file"), "");
    mkdirSync(join(allowed, "full"));
    writeFileSync(join(allowed, "full", "secret"), "");
    await expectRefused(
      join(allowed, "file"),
      "TARGET_FORBIDDEN",
      /file cannot be used: it is not a directory/,
    );
    await expectRefused(join(allowed, "file/in"), "TARGET_FORBIDDEN", /not a directory/);
    await expectRefused(join(allowed, "full"), "TARGET_FORBIDDEN", /full is not empty: it holds "secret"/);
    await expectRefused(
      join(allowed, "no/where"),
      "TARGET_FORBIDDEN",
      /the directory it would lie in is not there/,
    );
    expect(readdirSync(allowed).sort()).toEqual(["file", "full"]);
  });

  it.each([
    ...Object.values(rootEntries).flatMap(({ at, kind }) =>
      at === "mounts" ? [at] : kind === "file" ? [at, `${at}.new`, `${at}.damaged-2024/x`] : [at, `${at}/x`],
    ),
    ...["mounts/:aside:", "mounts/:later:", "mounts/0123456789abcdef", "mounts/0123456789abcdef/upper"],
  ])("is refused inside what the graph keeps for itself: %s", async (path) => {
    const target = join(graph.root, path);
    mkdirSync(dirname(target), { recursive: true });
    const wasThere = existsSync(target);
    const ofRoot = openMounts(graph, { targets: [graph.root] });
    await expectRefused(target, "TARGET_FORBIDDEN", /what the graph keeps for itself/, ofRoot);
    if (path.includes("/")) expect(existsSync(target)).toBe(wasThere);
  });

  it("may lie in the root beside that, if the operator allows the root", async () => {
    const target = join(graph.root, "mounted");
    await openMounts(graph, { targets: [graph.root] }).mount({ id, driver, target });
    await expectLayers(scratch, target, graph, id);
  });

  it.each(["overlay", "fuse-overlayfs", "copy"] as const)(
    "is refused inside what %s mounted",
    async (outer) => {
      const around = await mounts.mount({ id, driver: outer, target: join(allowed, "outer") });
      await expectRefused(join(around.target, "inner"), "TARGET_FORBIDDEN", /inside the mounted image/);
      mkdirSync(join(around.target, "d/empty"));
      await expectRefused(join(around.target, "d/empty"), "TARGET_FORBIDDEN", /inside the mounted image/);
      expect(existsSync(join(around.target, "inner"))).toBe(false);
    },
  );
});

describe("a target that is taken", () => {
  it("is refused, be it by a mount of ours or by another's", async () => {
    const ours = await mounts.mount({ id, driver, target: join(allowed, "ours") });
    await expectRefused(
      ours.target,
      "ALREADY_MOUNTED",
      new RegExp(`stevedore:${ours.mountId} \\(overlay\\)`),
    );
    const foreign = join(allowed, "foreign");
    mkdirSync(foreign);
    await execa("mount", ["-t", "tmpfs", "somebody's", foreign]);
    await expectRefused(foreign, "ALREADY_MOUNTED", /somebody's \(tmpfs\) is mounted there/);
    const copied = await mounts.mount({ id, driver: "copy", target: join(allowed, "copied") });
    await expectRefused(copied.target, "TARGET_FORBIDDEN", /is not empty/);
  });

  it("by a mount that went behind our back is refused until that is unmounted", async () => {
    const { target, mountId } = await mounts.mount({ id, driver, target: join(allowed, "stale") });
    await execa("umount", [target]);
    await expectRefused(target, "ALREADY_MOUNTED", new RegExp(mountId));
    await mounts.unmount(mountId);
    expect(await mounts.mount({ id, driver, target })).toMatchObject({ target, state: "mounted" });
  });

  it("goes to exactly one of several that ask for it at once", async () => {
    const target = join(allowed, "wanted");
    const drivers = ["overlay", "overlay", "copy", "fuse-overlayfs", "overlay"] as const;
    for (let round = 0; round < 3; round++) {
      const outcomes = await Promise.allSettled(
        drivers.map((each) => openMounts(graph, { targets: [allowed] }).mount({ id, driver: each, target })),
      );
      const made = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
      expect(made).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === "fulfilled") continue;
        // A copy that is being written is a directory that holds something.
        expect(["ALREADY_MOUNTED", "TARGET_FORBIDDEN"]).toContain(outcome.reason.code);
      }
      expect(mounts.list()).toEqual(made);
      await expectLayers(scratch, target, graph, id);
      await mounts.unmount(target);
      expect([mountsBelow(allowed), readdirSync(allowed), mounts.list()]).toEqual([[], [], []]);
    }
  });
});

describe("a target that changes while it is mounted on", () => {
  /** Runs a script in place of mount, which goes on to do what mount was told. */
  async function withMountAfter<T>(script: string, body: () => Promise<T>): Promise<T> {
    const mount = await toolPath("mount");
    return withTools(scratch, { mount: `${script}\nexec ${mount} "$@"` }, body);
  }

  it("and vanishes fails the mount, and leaves nothing", async () => {
    const target = join(allowed, "vanishing");
    await withMountAfter(`rmdir '${target}'`, async () => {
      await expectRefused(target, "MOUNT_FAILED", `cannot be mounted on ${target}: mount: `);
    });
    expect([mounts.list(), readdirSync(allowed)]).toEqual([[], []]);
    expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
  });

  it("and becomes a symlink does not lead the mount elsewhere, and none leaks", async () => {
    const target = join(allowed, "exchanged");
    const outside = await scratch.fresh();
    await withMountAfter(`mv '${target}' '${target}-moved' && ln -s '${outside}' '${target}'`, async () => {
      const outcome = await mounts.mount({ id, driver, target }).catch(() => undefined);
      expect(mountsBelow(outside)).toEqual([]);
      if (outcome !== undefined) await mounts.unmount(outcome.mountId);
    });
    expect(readdirSync(outside)).toEqual([]);
    expect([mountsBelow(allowed), mounts.list()]).toEqual([[], []]);
  });

  it("again and again is never mounted on where that is not allowed", async () => {
    const outside = await scratch.fresh();
    mkdirSync(join(allowed, "good"));
    await using _ = await swapping(join(allowed, "way"), join(allowed, "good"), outside);
    const seen = { mounted: 0, refused: 0 };
    while (Math.min(seen.mounted, seen.refused) < 15) {
      try {
        const { mountId, target } = await mounts.mount({ id, driver, target: join(allowed, "way/target") });
        seen.mounted++;
        expect(target).toBe(join(allowed, "good/target"));
        expect(mountsBelow(outside)).toEqual([]);
        await mounts.unmount(mountId);
      } catch (error) {
        expect(error).toMatchObject({ code: "TARGET_FORBIDDEN" });
        seen.refused++;
      }
      expect(readdirSync(outside)).toEqual([]);
    }
    expect([mountsBelow(allowed), readdirSync(join(allowed, "good"))]).toEqual([[], []]);
  });

  it("and is moved with the directory around it is still unmounted", async () => {
    mkdirSync(join(allowed, "one"));
    const { mountId } = await mounts.mount({ id, driver, target: join(allowed, "one/target") });
    renameSync(join(allowed, "one"), join(allowed, "other"));
    expect(mounts.find(mountId).state).toBe("mounted");
    await mounts.unmount(mountId);
    expect([mountsBelow(allowed), mounts.list()]).toEqual([[], []]);
  });

  it("fails the mount and stays, if it was there before", async () => {
    const target = join(allowed, "here");
    mkdirSync(target, 0o711);
    const inode = statSync(target).ino;
    await withTools(scratch, { mount: "echo refused >&2; exit 32" }, () =>
      expectRefused(target, "MOUNT_FAILED", `on ${target}: mount: exit code 32: refused`),
    );
    expect(statSync(target)).toMatchObject({ ino: inode });
    expect(mounts.list()).toEqual([]);
  });
});
