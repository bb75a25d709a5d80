// stevedore ls, cat, diff and waste, over Docker's graph and images that umoci made: against find, the trees that umoci
// unpacks, and a reckoning by hand.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Diff, Entry } from "../../../../src/contents/index.js";
import { readSpelling } from "../../../../src/contents/index.js";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { importInto, importLimits } from "../../../support/images/imports.js";
import { addManifest, withGraph } from "../../../support/images/layered-image.js";
import { umociUnpack } from "../../../support/images/peers.js";
import { makeRealImages } from "../../../support/images/real-images.js";
import { runCommand } from "../../../support/processes/command.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { mergeStack } from "../../../support/trees/random-layer-stacks.js";
import { reckonedByHand } from "../../../support/trees/reckoned-waste.js";
import { foundEntries, shownEntries, withoutLinks } from "../../../support/trees/shown-entries.js";
import { treeDifferences } from "../../../support/trees/tree-differences.js";
import { listTree } from "../../../support/trees/tree-listing.js";

const scratch = useScratchDirectory();
const { left, middle, base } = dockerImages;
const letters = { modify: "C", add: "A", delete: "D" } as const;
let docker: string;
let root: string;
/** What umoci unpacks of each image. */
let trees: Record<"all" | "sibling", string>;

beforeAll(async () => {
  docker = await scratch.fresh();
  await unpackDockerGraph(docker);
  const directory = await scratch.fresh();
  const layout = await makeRealImages(join(directory, "made"));
  root = join(directory, "root");
  await importInto(root, layout, {
    name: "real",
    limits: { ...importLimits, maxBytes: 64 * 1024 ** 2, maxImportBytes: 1024 ** 3 },
  });
  const unpack = (tag: string) => umociUnpack(`${layout}:${tag}`, join(directory, `bundle-${tag}`));
  trees = { all: await unpack("all"), sibling: await unpack("sibling") };
  // Of some layers there is a manifest, of others there is none.
  await withGraph(root, async (graph) => {
    const [, ...layers] = await graph.history("real:all");
    for (const { id } of layers.slice(3)) await addManifest(graph, id);
  });
});

const run = (args: readonly string[]) => runCommand(args, { root });

describe("stevedore ls", () => {
  it("lists what find finds in the tree that umoci unpacks", async () => {
    const { json, code } = await run(["ls", "real:all", "--recursive", "--json"]);
    expect(code).toBe(0);
    expect(shownEntries(json as Entry[])).toEqual(await foundEntries(trees.all));
  });

  it("writes lines as ls -l does, a file or a link by itself, and says why there is none", async () => {
    const [file, link] = await Promise.all([
      run(["ls", "real:all", "new/a/file"]),
      run(["ls", "real:all", "/symlink-to-directory/"]),
    ]);
    expect(file.stdout).toMatch(/^-rws--x--x 0:0 +7 2013-06-01 12:00:00 \/new\/a\/file\n$/);
    expect(link.stdout).toMatch(/^-rw-r--r-- 0:0 +\d+ \S+ \S+ in\n$/);
    const odd = await run(["ls", "real:all", "new"]);
    expect(odd.stdout).toContain("tab\\x09new\\x0aline\\\\");
    expect(odd.stdout).toContain(" \\xfc\n");
    expect((await run(["ls", "real:all", "new/\\xfc"])).stdout).toContain(" /new/\\xfc\n");
    const wrong = await run(["ls", "real:all", "/opt/none"]);
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      'stevedore: FILE_NOT_FOUND: there is no "/opt/none" in the image\n',
    ]);
  });

  it("tells with --layer what a layer does to what is below it", async () => {
    const [, second] = await withGraph(root, (graph) => graph.history("real:sibling"));
    const { stdout } = await run(["ls", "real:sibling", "--layer", second?.id.slice(0, 12) ?? "", "-R"]);
    expect(stdout.split("\n").map((line) => [line[0], line.split(" ").at(-1)])).toEqual([
      ["C", "/etc"],
      ["D", "/etc/passwd"],
      ["A", "/sibling"],
      [undefined, ""],
    ]);
    const whole = await run(["ls", "real:sibling", "--layer", "real:sibling"]);
    expect(whole.stderr).toContain("IMAGE_NOT_FOUND");
  });
});

describe("stevedore cat", () => {
  it("writes the bytes of a file, through links within the image", async () => {
    const expected = readFileSync(join(trees.all, "new/sparse")).toString();
    expect((await run(["cat", "real:all", "new/sparse"])).stdout).toBe(expected);
    expect((await run(["cat", "real:all", "/new/b/symlink"])).stdout).toBe("linked\n");
    expect((await run(["cat", "real:all", "/new"])).stderr).toContain("NOT_A_FILE");
    expect((await run(["cat", "real:all", "../../../../etc/hostname"])).stderr).toContain("FILE_NOT_FOUND");
    expect((await run(["cat", "real:all", "new/sparse", "--json"])).code).toBe(2);
  });
});

describe("stevedore diff", () => {
  it("lists what differs between the trees that umoci unpacks", async () => {
    const was = withoutLinks(await listTree(trees.sibling));
    const is = withoutLinks(await listTree(trees.all));
    const { json } = await run(["diff", "real:sibling", "real:all", "--json"]);
    const told = (json as Diff).changes.map(({ kind, path }) => `${letters[kind]} ${readSpelling(path)}`);
    expect(told.sort()).toEqual(treeDifferences(was, is).sort());
    const { stdout, stderr } = await run(["diff", "real:all", "real:sibling"]);
    expect(stdout).toMatch(/^A {9}\+8 B {2}\/sibling$/m);
    expect(stdout).toMatch(/^C +0 B {2}\/etc {2}\(.*mtime\)$/m);
    expect(stderr).toMatch(/\d+ added, \d+ changed, \d+ deleted; /);
    expect((await run(["diff", "real:all", "real:all", "--json"])).json).toMatchObject({ changes: [] });
  });
});

describe("stevedore waste", () => {
  it.each([
    ["an image of umoci's", () => root, "real:all"],
    ["Docker's graph", () => docker, left],
  ])("reckons for %s what find and tar tell of its layers", async (_, from, reference) => {
    const layers = await withGraph(from(), (graph) => graph.layers(reference));
    const merged: string[] = [];
    for (let at = layers.length - 1; at >= 0; at--) {
      const tree = await scratch.fresh();
      await mergeStack(layers.slice(at), tree);
      merged.push(tree);
    }
    const byHand = await reckonedByHand(layers, merged);
    const { json, stdout } = await runCommand(["waste", reference, "--json"], { root: from() });
    expect(json).toMatchObject({ wastedBytes: byHand.wastedBytes, totalBytes: byHand.totalBytes });
    expect(json.efficiency).toBeCloseTo(byHand.efficiency, 12);
    expect(stdout).not.toBe("");
    const text = await runCommand(["waste", reference], { root: from() });
    expect(text.stdout).toMatch(/^efficiency {2}\d+\.\d %\nwasted {6}\S+ \S+ of \S+ \S+\n/);
  });

  it("finds a layer by what history shows", async () => {
    const listed = await runCommand(["ls", left, "--layer", middle.slice(0, 6), "--json"], { root: docker });
    expect((listed.json as Entry[]).every(({ kind }) => kind !== undefined)).toBe(true);
    expect((await runCommand(["ls", middle, "--layer", left], { root: docker })).stderr).toContain(
      "has no layer",
    );
    expect((await runCommand(["ls", base, "--json"], { root: docker })).code).toBe(0);
  });
});
