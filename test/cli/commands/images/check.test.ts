// stevedore check: what it prints, and how it ends.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeEach, describe, expect, it } from "vitest";
import { deadOwner, writeImage, writeMount } from "../../../support/images/damaged-graph.js";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { contentsOf, stateOf } from "../../../support/trees/disk-listing.js";

const scratch = useScratchDirectory({ inMemory: true });
let root: string;

beforeEach(async () => {
  root = await scratch.fresh();
  await unpackDockerGraph(root);
});

describe("stevedore check", () => {
  it("finds nothing in a graph of Docker 0.3, and leaves no trace in it", async () => {
    const before = await stateOf(root);
    const text = await runCommand(["check"], { root });
    expect(text).toMatchObject({ code: 0, stdout: "4 images, nothing found\n", stderr: "" });
    const { code, json } = await runCommand(["check", "--repair", "--json"], { root });
    expect({ code, json }).toEqual({
      code: 0,
      json: {
        findings: [],
        images: 4,
        elsewhere: [],
        unsupported: expect.any(Array),
        durationMs: expect.any(Number),
      },
    });
    expect(await stateOf(root)).toEqual(before);
  });

  it("prints a line of each finding and a sum, and ends with 1", async () => {
    rmSync(join(writeImage(root, "lone"), "layer"), { recursive: true });
    writeImage(root, "orphan", { id: "orphan", parent: "lost" });
    const before = await stateOf(root);
    const { code, stdout, stderr } = await runCommand(["check"], { root });
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout.split("\n")).toEqual([
      `IMAGE_BROKEN missing-layer ${root}/graph/lone: the image lone is broken: it has no layer -> move it to lost+found`,
      `PARENT_NOT_FOUND missing-parent ${root}/graph/orphan: the parent lost of the image orphan is not in the graph`,
      "6 images, 2 faults found, check --repair can repair 1",
      "",
    ]);
    expect(await stateOf(root)).toEqual(before);
  });

  it("tells what the root's disk does not keep, and leaves nothing behind", async () => {
    const memory = join(root, "../memory");
    mkdirSync(memory);
    await execa("mount", ["-t", "ramfs", "none", memory]);
    try {
      mkdirSync(join(memory, "graph"));
      const { stdout } = await runCommand(["check"], { root: memory });
      expect(stdout).toBe(
        "the disk does not keep extended attributes, file capabilities: layers that have them fail with ATTRIBUTE_UNSUPPORTED\n" +
          "0 images, nothing found\n",
      );
      expect((await runCommand(["check", "--json"], { root: memory })).json.unsupported).toContain(
        "extended attributes of more than 4 KiB",
      );
      const doctor = await runCommand(["doctor"], { root: memory });
      expect(doctor.stdout).toMatch(/^absent {3}disk: file capabilities: not kept/m);
      expect(doctor.stdout).toMatch(/^ok {7}disk: owners: kept/m);
      expect(readdirSync(memory)).toEqual(["graph"]);
    } finally {
      await execa("umount", [memory]);
    }
  });

  it("leaves another host's staging alone, and clears it in that host's name", async () => {
    const staging = (host: string) => join(root, `graph/:tmp:/${deadOwner}.${host}-0123456789abcdef`);
    for (const host of ["gone", "other"]) mkdirSync(staging(host), { recursive: true });
    expect(await runCommand(["check", "--repair"], { root, env: { STEVEDORE_HOST: "third" } })).toMatchObject(
      {
        code: 0,
        stdout: `left alone, of host gone: 1 staging directory, 0 mounts; if that host is gone for good: check --host gone --repair
left alone, of host other: 1 staging directory, 0 mounts; if that host is gone for good: check --host other --repair
4 images, nothing found
`,
      },
    );
    const cleared = await runCommand(["check", "--repair", "--host", "gone", "--json"], { root });
    expect(cleared).toMatchObject({
      code: 0,
      json: {
        findings: [{ what: "abandoned-staging", path: staging("gone"), repaired: true }],
        elsewhere: [{ host: "other", staging: 1, mounts: 0 }],
      },
    });
    expect([existsSync(staging("gone")), existsSync(staging("other"))]).toEqual([false, true]);
  });

  it("ends with 0 when all that was found was repaired, and says where it lies", async () => {
    writeFileSync(join(root, "graph", dockerImages.base, "layer.json"), "{");
    const contents = await contentsOf(root);
    const repaired = await runCommand(["check", "--repair", "--json"], { root });
    const [run] = readdirSync(join(root, "lost+found"));
    expect(repaired).toMatchObject({
      code: 0,
      json: {
        findings: [
          {
            code: "INTERNAL",
            what: "unreadable-layer-facts",
            path: join(root, "graph", dockerImages.base, "layer.json"),
            id: dockerImages.base,
            repair: `moved to ${root}/lost+found/${run}/graph/${dockerImages.base}/layer.json`,
            repaired: true,
          },
        ],
      },
    });
    expect(await contentsOf(root)).toEqual(contents);
    expect(await runCommand(["check"], { root })).toMatchObject({ code: 0 });
  });

  it("ends with 1 as long as something is left, which it only tells of", async () => {
    const directory = writeMount(root, "0123456789abcdef", { marks: ["mounted"] });
    const { code, stdout } = await runCommand(["check", "--repair"], { root });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^NOT_MOUNTED stale-mount .*stevedore unmount 0123456789abcdef puts it away$/m);
    expect(stdout).toMatch(/1 fault found, 0 repaired\n$/);
    expect(existsSync(directory)).toBe(true);
  });

  it("shows no name that would write on the terminal", async () => {
    writeFileSync(join(root, "graph", "\u001b[2Jname\n"), "");
    const { stdout } = await runCommand(["check"], { root });
    expect(stdout).not.toContain("\u001b");
    expect(stdout.split("\n")).toHaveLength(3);
  });

  it("says that a root does not exist, and does not make it", async () => {
    const missing = join(scratch.path, "missing");
    const { code, json } = await runCommand(["check", "--repair", "--json"], { root: missing });
    expect({ code, error: json.error.code }).toEqual({ code: 1, error: "SOURCE_NOT_FOUND" });
    expect(existsSync(missing)).toBe(false);
  });
});
