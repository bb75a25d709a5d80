// stevedore export: to a file, to stdout, into the outbox; never over what is there, and never by halves.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dockerImages } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { useServedDockerGraph } from "../../../support/processes/served-docker-graph.js";
import { sha256Of, shell } from "../../../support/processes/shell.js";
import { binary, plainEnvironment, stevedore } from "../../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const served = useServedDockerGraph(scratch);
const { left } = dockerImages;

const inOutbox = () => readdirSync(join(served.root, "outbox")).filter((name) => name !== ":tmp:");

describe("stevedore export", () => {
  it("writes a file as docker save does, and prints its digest; nothing stays in the outbox", async () => {
    const cwd = await scratch.fresh();
    const { code, stdout } = await stevedore(["export", "b750", "-o", "left.tar"], {
      root: served.root,
      cwd,
    });
    expect(code).toBe(0);
    const file = join(cwd, "left.tar");
    expect(stdout).toBe(`${sha256Of(await shell(`sha256sum '${file}'`))}  left.tar\n`);
    const names = String(await shell(`tar -tf '${file}'`));
    expect(names).toMatch(/^manifest\.json$/m);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(cwd)).toEqual(["left.tar"]);
    expect(inOutbox()).toEqual([]);
  });

  it("tells with --json what it wrote and where", async () => {
    const path = join(await scratch.fresh(), "a.tar");
    const args = ["export", "b750", "0896", "-o", path, "--format", "oci", "--compress", "none", "--json"];
    const { json } = await runCommand(args, served);
    expect(json).toMatchObject({
      path,
      format: "oci",
      layers: 4,
      images: [{ id: left }, {}],
    });
  });

  it("writes the same to stdout with -o -, and nothing else", async () => {
    const cwd = await scratch.fresh();
    const environment = Object.entries(plainEnvironment());
    expect(environment.length).toBeGreaterThan(0);
    const line = `'${process.execPath}' '${binary}' export b750 --root '${served.root}' -o`;
    await shell(`${line} - > piped.tar && ${line} file.tar > /dev/null && cmp piped.tar file.tar`, { cwd });
    expect(inOutbox()).toEqual([]);
  });

  it("does not write over a file without --force, which replaces it whole", async () => {
    const cwd = await scratch.fresh();
    writeFileSync(join(cwd, "a.tar"), "precious");
    const file = join(cwd, "a.tar");
    const refused = await runCommand(["export", "b750", "-o", file], served);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/TARGET_FORBIDDEN.*--force/) });
    expect(readFileSync(join(cwd, "a.tar"), "utf8")).toBe("precious");
    expect((await runCommand(["export", "b750", "-o", file, "--force"], served)).code).toBe(0);
    await shell("tar -tf a.tar", { cwd });
  });

  it("copies to another file system, whole or not at all", async () => {
    const cwd = mkdtempSync("/dev/shm/stevedore-test-");
    try {
      expect(statSync(cwd).dev).not.toBe(statSync(served.root).dev);
      expect((await runCommand(["export", "b750", "-o", join(cwd, "a.tar")], served)).code).toBe(0);
      await shell("tar -tf a.tar", { cwd });
      expect(readdirSync(cwd)).toEqual(["a.tar"]);
      expect(inOutbox()).toEqual([]);
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });

  it("with --detach prints the job's id, and the file stays in the outbox", async () => {
    const { stdout } = await runCommand(["export", "b750", "--detach"], served);
    const id = stdout.trim();
    await expect.poll(inOutbox).toEqual([`${id}.tar`]);
    rmSync(join(served.root, "outbox", `${id}.tar`));
  });

  it.each([
    ["without -o or --detach", ["b750"], /-o FILE/],
    ["with both", ["b750", "-o", "a", "--detach"], /leave out -o/],
    ["to stdout with --json", ["b750", "-o", "-", "--json"], /--json/],
    ["without an image", ["-o", "a"], /id/],
    ["in a format that there is not", ["b750", "-o", "a", "--format", "zip"], /docker-legacy/],
  ])("%s is wrong usage", async (_, args, message) => {
    const { code, stderr } = await runCommand(["export", ...args], served);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  });

  it("refuses a terminal as stdout", async () => {
    const line = `${process.execPath} ${binary} export b750 --root ${served.root} -o -; echo code $?`;
    expect(String(await shell(`script -qec '${line}' /dev/null`))).toMatch(/terminal.*\n.*code 2/s);
  });

  it("fails early where the file can never be, or the image is not there", async () => {
    const cwd = await scratch.fresh();
    mkdirSync(join(cwd, "directory"));
    for (const output of ["directory", "missing/a.tar"]) {
      const { code, stderr } = await runCommand(["export", "b750", "-o", join(cwd, output)], served);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("TARGET_FORBIDDEN") });
    }
    const { json } = await runCommand(["export", "nothing", "-o", join(cwd, "a.tar"), "--json"], served);
    expect(json).toMatchObject({ error: { code: "IMAGE_NOT_FOUND" } });
    expect(readdirSync(cwd)).toEqual(["directory"]);
  });
});
