// stevedore checksum --check: a list of checksums held against a graph, as sha256sum --check does it with files.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const { base, middle, left, right } = dockerImages;
const ids = [base, middle, left, right].sort();
/** One host, and another that has the same image in part: `left` was changed there, `right` is missing. */
let here: { readonly root: string };
let there: { readonly root: string };
/** What `checksum --all` prints here. */
let lines: string;

beforeAll(async () => {
  here = { root: await scratch.fresh() };
  there = { root: await scratch.fresh() };
  for (const { root } of [here, there]) await unpackDockerGraph(root);
  writeFileSync(join(there.root, "graph", left, "layer", "changed"), "by hand");
  rmSync(join(there.root, "graph", right), { recursive: true });
  lines = (await runCommand(["checksum", "--all"], here)).stdout;
});

const check = (text: string, args: readonly string[], on = here) =>
  runCommand(["checksum", "--check", "-", ...args], { ...on, stdin: Buffer.from(text) });

describe("stevedore checksum --check", () => {
  it("finds all well where the list was made", async () => {
    const file = join(await scratch.fresh(), "sums");
    writeFileSync(file, lines);
    const { code, stdout, stderr } = await runCommand(["checksum", "--check", file], here);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(ids.map((id) => `${id}: OK\n`).join(""));
    expect(await runCommand(["checksum", "--check", file, "--quiet"], here)).toMatchObject({
      ...{ code: 0, stdout: "", stderr: "" },
    });
  });

  it("tells on another host what differs and what is missing, computing what is not stored", async () => {
    const { code, stdout, stderr } = await check(lines, [], there);
    const status: Readonly<Record<string, string>> = { [left]: "FAILED", [right]: "MISSING" };
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: ids.map((id) => `${id}: ${status[id] ?? "OK"}\n`).join(""),
    });
    expect(stderr).toContain("stevedore: WARNING: 1 computed checksum did NOT match\n");
    expect(stderr).toContain("stevedore: WARNING: 1 listed image is not in this graph\n");

    const shorter = await check(lines, ["--quiet", "--ignore-missing"], there);
    expect(shorter).toMatchObject({ code: 1, stdout: `${left}: FAILED\n` });
    expect(shorter.stderr).toBe("stevedore: WARNING: 1 computed checksum did NOT match\n");
    expect(await check(lines, ["--status"], there)).toMatchObject({ code: 1, stdout: "", stderr: "" });

    const { json } = await check(lines, ["--json"], there);
    expect(json).toMatchObject({ ok: 2, failed: 1, missing: 1, malformed: [], unlisted: 0 });
    expect(json.checked.find(({ id }: { id: string }) => id === left)).toEqual({
      ...{ line: ids.indexOf(left) + 1, image: left, id: left, status: "FAILED", recipe: "xz-6" },
      expected: new RegExp(`(\\S+)  ${left}`).exec(lines)?.[1],
      actual: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(json.checked.find(({ image }: { image: string }) => image === right)).toMatchObject({
      ...{ status: "MISSING", code: "IMAGE_NOT_FOUND" },
    });
  });

  it("knows a stored checksum of whatever recipe, and else asks for its name", async () => {
    const docker = (await runCommand(["checksum", "--all", "--recipe", "docker"], here)).stdout;
    expect(await check(docker, ["--json"])).toMatchObject({ code: 0, json: { ok: 4 } });

    const quick = await runCommand(["checksum", middle, "--recipe", "xz-1"], here);
    const unnamed = await check(quick.stdout, [], there);
    expect(unnamed).toMatchObject({ code: 1, stdout: `${middle}: FAILED\n` });
    expect(unnamed.stderr).toMatch(/--recipe names it/);
    expect(await check(quick.stdout, ["--recipe", "xz-1"], there)).toMatchObject({ code: 0 });
    const named = await check(quick.stdout, ["--recipe", "xz-6"]);
    expect(named).toMatchObject({ code: 1, stdout: `${middle}: FAILED\n` });
  });

  it("reads the document of --json, which tells the recipe", async () => {
    const { stdout } = await runCommand(["checksum", base, middle, "--recipe", "xz-1", "--json"], here);
    const { code, json } = await check(stdout, ["--force", "--json"]);
    expect({ code, json }).toMatchObject({ code: 0, json: { ok: 2, checked: [{ recipe: "xz-1" }, {}] } });
    expect(json.unlisted).toBe(2);
  });

  it("takes comments, carriage returns, names and prefixes, and sha256sum's own forms", async () => {
    await runCommand(["tag", middle, "web:1.2"], here);
    const sumOf = (id: string) => new RegExp(`sha256:(\\S+)  ${id}`).exec(lines)?.[1] ?? "";
    const text = [
      ...["# of this morning", "", `sha256:${sumOf(middle)}  web:1.2`, `${sumOf(base)} *${base.slice(0, 6)}`],
      `${sumOf(left).toUpperCase()}  ${left}`,
    ].join("\r\n");
    const { code, stdout } = await check(text, []);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `web:1.2: OK\n${base.slice(0, 6)}: OK\n${left}: OK\n`,
    });
  });

  it("names an image that cannot be told, or read, and why", async () => {
    const root = await scratch.fresh();
    await unpackDockerGraph(root);
    await runCommand(["store", join(root, "graph", middle, "layer"), "--id", "27cf0000"], { root });
    rmSync(join(root, "graph", base, "layer"), { recursive: true });
    const zeros = "0".repeat(64);
    const { code, stdout, stderr } = await check(`${zeros}  27cf\n${zeros}  ${base}\n`, [], { root });
    expect({ code, stdout }).toEqual({ code: 1, stdout: `27cf: FAILED\n${base}: FAILED\n` });
    expect(stderr).toMatch(/AMBIGUOUS_ID: .*27cf0000/);
    expect(stderr).toMatch(/IMAGE_BROKEN: /);
    expect(stderr).toContain("WARNING: 2 listed images could not be read\n");
  });

  it("names lines that are none by their number, and fails for them with --strict", async () => {
    const text = `${lines}nonsense\n${"0".repeat(64)}  ../../etc\n`;
    const { code, stderr } = await check(text, []);
    expect(code).toBe(0);
    expect(stderr).toContain("standard input: 5: improperly formatted checksum line\n");
    expect(stderr).toContain("standard input: 6: improperly formatted checksum line\n");
    expect(stderr).toContain("WARNING: 2 lines are improperly formatted\n");
    expect((await check(text, ["--strict", "--json"])).json).toMatchObject({ ok: 4, malformed: [5, 6] });
    expect((await check(text, ["--strict"])).code).toBe(1);
  });

  it.each([
    ["nothing", ""],
    ["comments", "# nothing\n"],
    ["a document of another kind", '{"a": 1}'],
  ])("is an error for a list of %s", async (_, text) => {
    const { code, stderr } = await check(text, []);
    expect(code).toBe(1);
    expect(stderr).toMatch(/standard input: no properly formatted checksum lines found/);
  });

  it("is an error without a file, and where nothing was checked", async () => {
    const gone = await runCommand(["checksum", "--check", "/nowhere/sums", "--json"], here);
    expect(gone).toMatchObject({ code: 1, json: { error: { code: "SOURCE_NOT_FOUND" } } });
    const none = await check(`${"0".repeat(64)}  nobody\n`, ["--ignore-missing"]);
    expect(none).toMatchObject({ code: 1, stdout: "" });
    expect(none.stderr).toContain("no image was checked");
  });

  it.each([
    [["--check", "-", "27cf"]],
    [["--check", "-", "--all"]],
    [["--check", "-", "--detach"]],
    [["--check", "-", "--status", "--json"]],
    [["--all", "--strict"]],
  ])("is wrong usage as %j", async (args) => {
    expect((await runCommand(["checksum", ...args], here)).code).toBe(2);
  });
});
