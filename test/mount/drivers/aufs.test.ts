import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { beforeEach, describe, expect, it } from "vitest";
import type { Graph } from "../../../src/graph/index.js";
import { linkNamesOf, type Mounts, openMounts } from "../../../src/mount/index.js";
import { newGraph, useScratchMounts, withTools, writeStack } from "../../support/mounts/scratch-mounts.js";
import { itConforms } from "./conformance.js";

// Few kernels have AUFS: what is looked at is what mount(8) and modprobe(8) are told.
const scratch = useScratchMounts();
const driver = "aufs";

itConforms(driver, {
  breaking: async () => ({ mount: "echo 'mount: it broke' >&2; exit 32", modprobe: "" }),
  breakingCode: "MOUNT_FAILED",
  rootName: "a:b,c\\d e=f",
  recorder: { mount: "", modprobe: "" },
});

let graph: Graph;
let id: string;
let mounts: Mounts;
beforeEach(async () => {
  graph = await newGraph(scratch);
  id = await writeStack(graph, [
    "mkdir d; echo a > d/a",
    "mkdir d; touch d/.wh.a",
    "touch .wh..wh.plnk; echo b > b",
  ]);
  mounts = openMounts(graph);
});

interface Call {
  readonly tool: string | undefined;
  readonly cwd: string | undefined;
  readonly args: string[];
}

/** Runs `body` with a mount and a modprobe that write down how they are called, then run these scripts. */
async function recorded(scripts: { mount?: string; modprobe?: string }, body: () => Promise<unknown>) {
  const log = join(await scratch.fresh(), "log");
  const script = (name: string, then = "") =>
    `printf '%s\\0' ${name} "$PWD" "$@" >> '${log}'; echo >> '${log}'\n${then}`;
  const tools = { mount: script("mount", scripts.mount), modprobe: script("modprobe", scripts.modprobe) };
  await withTools(scratch, tools, body);
  const lines = (await readFile(log, "utf8").catch(() => "")).split("\n").slice(0, -1);
  return lines.map((line): Call => {
    const [tool, cwd, ...args] = line.split("\0").slice(0, -1);
    return { tool, cwd, args };
  });
}

/** Fails when it is run for the first time, and prints that it does. */
const failsOnce = `[ -e "$0.failed" ] && exit; : > "$0.failed"; echo "unknown filesystem type 'aufs'." >&2; exit 32`;

/** All arguments of the mount(8) that puts the layers below a writable branch. */
function mountArguments(mountId: string, target: string, options: string): string[] {
  return ["--no-canonicalize", "--types", "aufs", "--options", options, "--", `stevedore:${mountId}`, target];
}

/** The branches of the stack, by the short names that the directory of links has for the layers. */
function layerBranches(): string {
  const layers = ["layer-3", "layer-2", "layer-1"].map((each) => join(graph.directory, each, "layer"));
  return layers.map((layer) => `${linkNamesOf(layer)[0]}=ro+wh`).join(":");
}

function branches(mountId: string): string {
  return `br:../../mounts/${mountId}/upper=rw:${layerBranches()}`;
}

describe("an aufs mount", () => {
  it("has a writable branch above the layers, the image's own first", async () => {
    let mountId = "";
    const calls = await recorded({}, async () => {
      const mount = await mounts.mount({ id, driver });
      expect(mount).toMatchObject({
        driver,
        layers: 3,
        upper: join(graph.root, "mounts", mount.mountId, "upper"),
      });
      mountId = mount.mountId;
    });
    const own = join(graph.root, "mounts", mountId);
    expect(calls).toEqual([
      {
        tool: "mount",
        cwd: join(graph.root, "views/:links:"),
        args: mountArguments(mountId, join(own, "rootfs"), `nodev,nosuid,${branches(mountId)}`),
      },
    ]);
  });

  it("reads the layers themselves, whose whiteouts are its own", async () => {
    const shown = `for n in ${layerBranches().replaceAll("=ro+wh", "").replaceAll(":", " ")}; do (cd -P $n && printf '%s ' "$PWD" >> "$0.links"); done; cp "$0.links" '${scratch.path}/links'`;
    await recorded({ mount: shown }, () => mounts.mount({ id, driver }));
    const links = readFileSync(join(scratch.path, "links"), "utf8").trim().split(" ");
    expect(links).toEqual(
      ["layer-3", "layer-2", "layer-1"].map((each) => join(graph.directory, each, "layer")),
    );
    expect(readdirSync(join(graph.root, "views"))).toEqual([":links:"]);
  });

  it("that is read-only has no writable branch", async () => {
    let mountId = "";
    const [call] = await recorded({}, async () => {
      ({ mountId } = await mounts.mount({ id, driver, isReadOnly: true, options: ["noexec"] }));
    });
    const target = join(graph.root, "mounts", mountId, "rootfs");
    expect(call?.args).toEqual(
      mountArguments(mountId, target, `nodev,nosuid,ro,noexec,br:${layerBranches()}`),
    );
    expect(readdirSync(join(graph.root, "mounts", mountId)).sort()).toEqual([
      "mount.json",
      "mounted",
      "none",
      "rootfs",
    ]);
  });

  it("goes by the descriptor of a target that was named", async () => {
    const target = join(graph.root, "mounts", "web");
    mkdirSync(dirname(target));
    const [call] = await recorded({}, () => mounts.mount({ id, driver, target }));
    expect(call?.args.at(-1)).toMatch(new RegExp(`^/proc/${process.pid}/fd/\\d+$`));
  });

  it("that fails loads the module and is tried once more", async () => {
    let mountId = "";
    const calls = await recorded({ mount: failsOnce }, async () => {
      ({ mountId } = await mounts.mount({ id, driver }));
    });
    expect(calls.map(({ tool }) => tool)).toEqual(["mount", "modprobe", "mount"]);
    expect(calls[1]?.args).toEqual(["aufs"]);
    expect(calls[2]).toEqual(calls[0]);
    expect(calls[2]?.args).toEqual(
      mountArguments(
        mountId,
        join(graph.root, "mounts", mountId, "rootfs"),
        `nodev,nosuid,${branches(mountId)}`,
      ),
    );
  });

  it("is not supported where the module cannot be loaded", async () => {
    const modprobe = "echo 'modprobe: FATAL: Module aufs not found.' >&2; exit 1";
    const calls = await recorded({ mount: failsOnce, modprobe }, () =>
      expect(mounts.mount({ id, driver })).rejects.toMatchObject({
        code: "MOUNT_UNSUPPORTED",
        message: expect.stringMatching(
          /use the driver overlay: modprobe: exit code 1: .*Module aufs not found/,
        ),
      }),
    );
    expect(calls.map(({ tool }) => tool)).toEqual(["mount", "modprobe"]);
    expect(mounts.list()).toEqual([]);
    expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
  });

  it("fails with mount's own words if it fails again", async () => {
    const mount = "echo 'mount: wrong fs type' >&2; exit 32";
    const calls = await recorded({ mount }, () =>
      expect(mounts.mount({ id, driver })).rejects.toMatchObject({
        code: "MOUNT_FAILED",
        message: expect.stringMatching(
          /^the image layer-3 cannot be mounted on .*: mount: exit code 32: mount: wrong fs type$/,
        ),
      }),
    );
    expect(calls.map(({ tool }) => tool)).toEqual(["mount", "modprobe", "mount"]);
    expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  });

  it("that is cancelled meanwhile loads no module", async () => {
    const stop = new AbortController();
    const mount = `read answer < '${join(scratch.path, "never")}'`;
    await execa("mkfifo", [join(scratch.path, "never")]);
    const calls = await recorded({ mount }, async () => {
      const mounting = mounts.mount({ id, driver }, stop.signal);
      mounting.catch(() => undefined);
      await expect.poll(() => mounts.list()).toHaveLength(1);
      stop.abort();
      await expect(mounting).rejects.toMatchObject({ code: "CANCELLED" });
    });
    expect(calls.map(({ tool }) => tool)).not.toContain("modprobe");
    expect(mounts.list()).toEqual([]);
  });

  it("hands over its options in one piece, as the driver overlay does", async () => {
    // Newer versions of mount(8) else hand over each by itself, at most 255 bytes of it.
    const mount = `[ "$LIBMOUNT_FORCE_MOUNT2" = always ] || { echo "in pieces" >&2; exit 32; }`;
    await recorded({ mount }, () => mounts.mount({ id, driver }));
  });
});

it("a kernel that lacks aufs says so, and what would do", async () => {
  const known = readFileSync("/proc/filesystems", "utf8");
  if (known.includes("\taufs\n")) return;
  await expect(mounts.mount({ id, driver })).rejects.toMatchObject({
    code: "MOUNT_UNSUPPORTED",
    message: expect.stringContaining("use the driver overlay"),
  });
  expect(mounts.list()).toEqual([]);
});
