// Graphs whose images are mounted for real, and whatever a test leaves mounted is unmounted when it ends.
import { mkdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { afterEach, expect } from "vitest";
import { type Graph, makeRecord, openGraph, type RecordFields } from "../../../src/graph/index.js";
import { withEnvironment } from "../processes/environment.js";
import { type ScratchDirectory, useScratchDirectory } from "../scratch-directory.js";
import { applyLayers } from "../trees/apply-layers.js";
import { listTree } from "../trees/tree-listing.js";
import { mountedBelow, unmountBelow } from "./mounted.js";

/** A scratch directory in which nothing stays mounted. To be called at the top of a test file. */
export function useScratchMounts(): ScratchDirectory {
  const scratch = useScratchDirectory();
  afterEach(() => unmountBelow(scratch.path));
  return scratch;
}

/** Where something is mounted below a directory, in the order of mounting. */
export function mountsBelow(directory: string): string[] {
  return mountedBelow(directory).map(({ target }) => target);
}

/** Opens a graph in a fresh root. */
export async function newGraph(scratch: ScratchDirectory): Promise<Graph> {
  return openGraph(await scratch.fresh(), { create: true });
}

/** Writes an image as Docker 0.3 leaves it on disk; lines of bash fill its layer. */
export async function writeImage(
  graph: Graph,
  fields: RecordFields & { readonly id: string },
  script = "",
): Promise<void> {
  const directory = join(graph.directory, fields.id);
  mkdirSync(join(directory, "layer"), { recursive: true });
  writeFileSync(join(directory, "json"), makeRecord(fields));
  if (script === "") return;
  await execa("bash", ["-euc", script], { cwd: join(directory, "layer"), env: { LC_ALL: "C" } });
}

/** Writes images `layer-1`, `layer-2` …, each the parent of the next, and returns the id of the last. */
export async function writeStack(graph: Graph, scripts: readonly string[]): Promise<string> {
  for (const [at, script] of scripts.entries()) {
    await writeImage(
      graph,
      { id: `layer-${at + 1}`, ...(at === 0 ? {} : { parent: `layer-${at}` }) },
      script,
    );
  }
  return `layer-${scripts.length}`;
}

/** What a tree shows, but for counts of links: those of a view's files, and of what was deleted, differ. */
export async function shownTree(directory: string): Promise<string[]> {
  return (await listTree(directory)).map((line) => line.replace(/ links=\d+/, ""));
}

/** Asserts that a directory shows what the layers of an image stand for. Returns its lines. */
export async function expectLayers(
  scratch: ScratchDirectory,
  directory: string,
  graph: Graph,
  id: string,
): Promise<string[]> {
  const oracle = await scratch.fresh();
  await applyLayers((await graph.layers(id)).reverse(), oracle);
  const shown = await shownTree(directory);
  expect(shown).toEqual(await shownTree(oracle));
  return shown;
}

/** Where a tool of the host lies. */
export async function toolPath(name: string): Promise<string> {
  return (await execa("sh", ["-c", 'PATH="$PATH:/usr/sbin:/sbin" command -v "$1"', "sh", name])).stdout;
}

/** Runs `body` with shell scripts first on PATH, by the names of the tools that they stand for. */
export async function withTools<T>(
  scratch: ScratchDirectory,
  scripts: Readonly<Record<string, string>>,
  body: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await scratch.fresh();
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const path = `${directory}${delimiter}${process.env.PATH}`;
  return withEnvironment({ PATH: path }, () => body(directory));
}
