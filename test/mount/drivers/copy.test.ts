import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { openMounts } from "../../../src/mount/index.js";
import {
  mountsBelow,
  newGraph,
  toolPath,
  useScratchMounts,
  writeStack,
} from "../../support/mounts/scratch-mounts.js";
import { itConforms } from "./conformance.js";

const scratch = useScratchMounts();
const driver = "copy";

itConforms(driver, {
  // It fails half way: when it has written something.
  async breaking() {
    const tar = await toolPath("tar");
    return {
      tar: `case "$*" in *"-x "*) ${tar} "$@"; echo "tar: it broke" >&2; exit 2;; *) exec ${tar} "$@";; esac`,
    };
  },
  breakingCode: "INTERNAL",
  rootName: "a:b,c\\d e=f",
});

describe("a copy", () => {
  it("is no mount, and what is written to it reaches no layer", async () => {
    const graph = await newGraph(scratch);
    const id = await writeStack(graph, ["echo a > a", "echo b > b; ln b c"]);
    const mounts = openMounts(graph);
    const { target, mountId } = await mounts.mount({ id, driver });
    expect(mountsBelow(graph.root)).toEqual([]);
    writeFileSync(join(target, "a"), "changed");
    writeFileSync(join(target, "b"), "changed");
    expect(readFileSync(join(graph.directory, "layer-1/layer/a"), "utf8")).toBe("a\n");
    expect(readFileSync(join(graph.directory, "layer-2/layer/c"), "utf8")).toBe("b\n");
    await mounts.unmount(mountId);
    expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  });

  it("keeps no account of changes, and has no upper", async () => {
    const graph = await newGraph(scratch);
    const mounts = openMounts(graph);
    const mount = await mounts.mount({ id: await writeStack(graph, ["echo a > a"]), driver });
    expect(mount).not.toHaveProperty("upper");
    const unsupported = { code: "MOUNT_UNSUPPORTED", message: expect.stringContaining(mount.mountId) };
    await expect(mounts.changes(mount.mountId)).rejects.toMatchObject(unsupported);
    await expect(mounts.upper(mount.mountId)).rejects.toMatchObject(unsupported);
    // There is nothing to be kept.
    await mounts.unmount(mount.mountId, { keepUpper: true });
    expect(mounts.list()).toEqual([]);
    expect(existsSync(mount.target)).toBe(false);
  });

  it("whose target is gone is stale, and is put away", async () => {
    const graph = await newGraph(scratch);
    const mounts = openMounts(graph);
    const { mountId, target } = await mounts.mount({ id: await writeStack(graph, ["echo a > a"]), driver });
    await execa("rm", ["-r", target]);
    expect(mounts.find(mountId).state).toBe("stale");
    await mounts.unmount(mountId);
    expect(mounts.list()).toEqual([]);
  });
});
