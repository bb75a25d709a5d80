// stevedore import: from a file, a directory and stdin, and what it prints.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Descriptor } from "../../../support/images/oci-layout.js";
import { makeSmallLayout, smallLayers } from "../../../support/images/small-layout.js";
import { runCommand } from "../../../support/processes/command.js";
import { type Running, serveRoot } from "../../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory();
let root: string;
let up: Running;
let layout: string;
let archive: string;

beforeAll(async () => {
  root = join(scratch.path, "root");
  up = await serveRoot(root);
  layout = join(scratch.path, "layout");
  archive = join(scratch.path, "layout.tar");
  makeSmallLayout(layout);
  execFileSync("tar", ["-C", layout, "-cf", archive, "."]);
});
afterAll(async () => {
  expect((await up.stop()).code).toBe(0);
});

describe("stevedore import", () => {
  it("prints each image's id and names, from a directory, a file and stdin alike", async () => {
    const first = await runCommand(["import", layout, "--quiet"], { root });
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^[0-9a-f]{64} {2}web:1\n$/),
      stderr: "",
    });
    for (const [source, stdin] of [
      [archive, undefined],
      ["-", readFileSync(archive)],
    ] as const) {
      const { code, stdout } = await runCommand(["import", source], {
        root,
        ...(stdin === undefined ? {} : { stdin }),
      });
      expect([code, stdout]).toEqual([0, first.stdout]);
    }
    expect(readdirSync(join(root, "inbox"))).toEqual([]);
  });

  it("prints the job's result with --json, and says which names have moved", async () => {
    const { code, json } = await runCommand(["import", archive, "--name", "a/b:c", "--json"], { root });
    expect(code).toBe(0);
    expect(json).toMatchObject({
      format: "oci",
      images: [{ names: ["a/b:c"], layers: 2 }],
      layersPresent: 2,
      moved: [],
    });
    const other = join(scratch.path, "other");
    makeSmallLayout(other, { layers: smallLayers.slice(0, 1) });
    const moved = await runCommand(["import", other, "--name", "a/b:c"], { root });
    expect(moved).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`a/b:c was the name of ${json.images[0].id}`),
    });
  });

  it("says what it passed over, of much the first ten", async () => {
    const beside = join(scratch.path, "beside");
    const attestation = (image: Descriptor) => ({
      ...image,
      platform: { os: "unknown", architecture: "unknown" },
    });
    const index = (image: Descriptor) => [image, ...Array.from({ length: 12 }, () => attestation(image))];
    const image = makeSmallLayout(beside, { index });
    const { code, stderr } = await runCommand(["import", beside], { root });
    expect(code).toBe(0);
    const told = stderr.split("\n").filter((line) => line.includes("passed over"));
    expect(told).toHaveLength(11);
    expect(told[0]).toContain(
      `passed over ${image.digest} (application/vnd.oci.image.manifest.v1+json): it tells how an image was built`,
    );
    expect(told.at(-1)).toContain("passed over 2 more");
  });

  it("prints the job's id with --detach, and leaves the upload to it", async () => {
    const { code, json } = await runCommand(["import", archive, "--detach", "--json"], { root });
    expect(code).toBe(0);
    expect(json).toMatchObject({ id: expect.any(String), queue: "store" });
    await expect
      .poll(async () => (await runCommand(["job", json.id, "--json"], { root })).json.state)
      .toBe("completed");
  });

  it.each([
    ["a file that is not there", ["/nowhere/x.tar"], "SOURCE_NOT_FOUND", "/nowhere/x.tar"],
    ["no platform", ["ARCHIVE", "--platform", "linux"], "INVALID_JOB", "platform"],
    [
      "a platform that is not there",
      ["ARCHIVE", "--platform", "linux/s390x"],
      "SOURCE_NOT_FOUND",
      "linux/amd64",
    ],
    ["a name that is none", ["ARCHIVE", "--name", "../x"], "INVALID_NAME", "../x"],
    ["no archive", ["PLAIN"], "BAD_ARCHIVE", "package.json"],
  ])("exits with 1 for %s, with its code", async (_, args, code, tells) => {
    const plain = join(import.meta.dirname, "../../../../package.json");
    const given = args.map((argument) => ({ ARCHIVE: archive, PLAIN: plain })[argument] ?? argument);
    const ended = await runCommand(["import", ...given, "--json"], { root });
    expect(ended.code).toBe(1);
    expect(ended.json).toMatchObject({ error: { code, message: expect.stringContaining(tells) } });
  });

  it("works without a server, and gives ids that a shell gives too", async () => {
    const own = join(scratch.path, "own");
    const one = join(scratch.path, "one");
    const image = makeSmallLayout(one, { layers: smallLayers.slice(0, 1) });
    const { config } = JSON.parse(readFileSync(join(one, "blobs/sha256", image.digest.slice(7)), "utf8"));
    const { stdout } = await runCommand(["import", one, "--quiet"], { root: own });
    const blob = join(one, "blobs", config.digest.replace(":", "/"));
    const printed = execFileSync("sha256sum", [blob], { encoding: "utf8" });
    expect(stdout).toBe(`${printed.slice(0, 64)}  web:1\n`);
  });
});
