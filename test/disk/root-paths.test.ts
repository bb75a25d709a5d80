import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { imageEntries, namesWithin, rootEntries, rootEntryOf, rootPath } from "../../src/disk/index.js";
import { openGraph } from "../../src/graph/index.js";
import { unpackDockerGraph } from "../support/images/docker-graph.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const entries = Object.values(rootEntries);

/** The paths in the first block of docs/layout.md, relative to the root. */
function documented(): string[] {
  const [, block = ""] = readFileSync("docs/layout.md", "utf8").split("```");
  return block.split("\n").flatMap((line) => /^ {2}(\S+)/.exec(line)?.[1] ?? []);
}

it("the path of an entry lies where the table says, and further names lie in it", () => {
  expect(rootPath("/r", "pendingChecksums")).toBe("/r/checksums.pending");
  expect(rootPath("/r", "viewStates", "abc")).toBe("/r/views/:built:/abc");
});

it("no two entries lie at the same path", () => {
  expect(new Set(entries.map(({ at }) => at)).size).toBe(entries.length);
});

it("every path in docs/layout.md is of an entry, and every entry is there, or what it lies in", () => {
  const paths = documented();
  expect(paths.length).toBeGreaterThan(20);
  for (const path of paths) expect([path, rootEntryOf(path)]).not.toContain(undefined);
  for (const { at } of entries) {
    const isTold = paths.some((path) => path === at || path.startsWith(`${at}/`) || at.startsWith(path));
    expect([at, isTold]).toEqual([at, true]);
  }
  const ofImage = paths.flatMap((path) => /^graph\/<id>\/([^/]+)/.exec(path)?.[1] ?? []);
  expect(ofImage.sort()).toEqual(Object.values(imageEntries).sort());
});

it.each([
  ["graph", "graph"],
  ["graph/abc/layer", "graph"],
  ["checksums.pending/abc", "pendingChecksums"],
  ["checksums.damaged-2024-01-01T00:00:00.000Z", "checksums"],
  ["repositories.new", "repositories"],
  ["mounts/web", "mounts"],
])("%s is of the entry %s", (path, entry) => expect(rootEntryOf(path)).toBe(entry));

it.each(["", "graphs", "graph.old", "mounted", "checksum", "x/graph"])("%j is not the root's own", (path) =>
  expect(rootEntryOf(path)).toBeUndefined(),
);

it("the names within an entry are those of the table", () => {
  expect(namesWithin("views")).toEqual([":built:", ":links:", ":uppers:"]);
  expect(namesWithin("lostAndFound")).toEqual([]);
});

it("all that work on a root leaves there is of an entry", async () => {
  const root = await scratch.fresh();
  await unpackDockerGraph(root);
  const graph = await openGraph(root, { create: true });
  await graph.graphId();
  mkdirSync(join(root, "somebody's"));
  await graph.withLease("a test", [], async () => {
    const strange = readdirSync(root).filter((name) => rootEntryOf(name) === undefined);
    expect(strange).toEqual(["somebody's"]);
  });
  await graph.close();
});
