// Every archive of the corpus through the real unpack: what must become of it does, nothing around it changes, and
// what is accepted is what GNU tar makes of the canonical spelling of the archive by itself, and comes back byte for byte.
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { execa } from "execa";
import { afterAll, describe, expect, test } from "vitest";
import { assembleArchive, unpack } from "../../src/layer/index.js";
import { collect } from "../support/collect.js";
import { childProcesses } from "../support/processes/child-processes.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { listTree } from "../support/trees/tree-listing.js";
import { type Canary, placeCanary } from "./canary.js";
import { canonicalSpelling } from "./canonical-spelling.js";
import { type CorpusCase, roomyLimits } from "./case.js";
import { corpus } from "./cases.js";
import { describeTree } from "./describe-tree.js";

const scratch = useScratchDirectory();
const before = new Set((await childProcesses()).map(({ pid }) => pid));

afterAll(async () => {
  expect((await childProcesses()).filter(({ pid }) => !before.has(pid))).toEqual([]);
});

describe.concurrent.each(Object.entries(corpus))("%s", (_, cases) => {
  test.each(cases.map((one) => [one.name, one] as const))("%s", async (_, one) => {
    const canary = placeCanary(await scratch.fresh());
    const bytes = one.archive(canary.outside);
    const outcome = await outcomeOf(one, bytes, canary);
    expect(canary.changes()).toEqual([]);
    expect(outcome).toEqual(expected(one, canary));
    if (!("tree" in one.outcome)) return;
    const ours = comparable(await listTree(canary.layer));
    expect(ours).toEqual(withImplied(ours, await byGnuTar(bytes)));
  });
});

test("no two cases of a class have the same name", () => {
  for (const cases of Object.values(corpus)) {
    const names = cases.map(({ name }) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  }
});

async function outcomeOf({ limits = roomyLimits }: CorpusCase, bytes: Buffer, { layer }: Canary) {
  const splitPath = join(await scratch.fresh(), "tar-split.gz");
  const open = () => Readable.from([bytes], { objectMode: false });
  try {
    await unpack(open(), layer, { limits, splitPath, reopen: async () => open() });
    const again = Buffer.concat(await collect(assembleArchive({ layerDirectory: layer, splitPath })));
    expect(again.equals(decompressed(bytes))).toBe(true);
  } catch (error) {
    return { refused: (error as { code?: unknown }).code ?? error };
  }
  return { tree: (await describeTree(layer)).sort() };
}

function expected({ outcome }: CorpusCase, { outside }: Canary) {
  if ("refused" in outcome) return outcome;
  return { tree: outcome.tree.flatMap((line) => expand(line, outside)).sort() };
}

/**
 * Puts the canary's path into a line: `OUTSIDE` as it is, `UNDER` as a path in the layer. The line `WAY UNDER` stands
 * for the directories that lead to and over it, and that no entry names; `WAY TO UNDER` for those above it.
 */
function expand(line: string, outside: string): string[] {
  const parts = outside.split("/").slice(1);
  if (line.startsWith("WAY")) {
    const way = line === "WAY UNDER" ? parts : parts.slice(0, -1);
    return way.map((_, at) => `d 755 ${parts.slice(0, at + 1).join("/")} @0`);
  }
  return [line.replace("OUTSIDE", outside).replace("UNDER", parts.join("/"))];
}

/**
 * The tree that GNU tar makes of the canonical spelling of an archive that has nothing before it, in a directory that
 * has nothing around it. `-P` is for symlinks: they are made at once.
 */
async function byGnuTar(bytes: Buffer): Promise<string[]> {
  const sandbox = join(await scratch.fresh(), "alone/and/deep/sandbox");
  mkdirSync(sandbox, { recursive: true });
  const xattrs = ["user", "security", "trusted"].map((space) => `--xattrs-include=${space}.*`);
  const args = ["-xPf", "-", "-C", sandbox, "--numeric-owner", "-p", "--xattrs", ...xattrs];
  await execa("tar", [...args, "--delay-directory-restore"], {
    input: canonicalSpelling(decompressed(bytes)),
    env: { LC_ALL: "C" },
  });
  const lines = comparable(await listTree(sandbox));
  rmSync(dirname(sandbox), { recursive: true });
  return lines;
}

/** The corpus has no archive that is accepted but is compressed by anything else. */
function decompressed(bytes: Buffer): Buffer {
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
}

/** The lines of `listTree` without the xattrs that are never restored: all but `user.*` and `security.capability`. */
function comparable(lines: readonly string[]): string[] {
  const isLeft = (word: string) =>
    /^(trusted|system|security)\./.test(word) && !/^security\.capability=/.test(word);
  return lines.map((line) =>
    line
      .split(" ")
      .filter((word) => !isLeft(word))
      .join(" "),
  );
}

/** The lines of GNU tar, with the directories that no entry names as they are reset, whatever the hour and the umask. */
function withImplied(ours: readonly string[], theirs: readonly string[]): string[] {
  const reset = ours.filter((line) => / directory 755 0:0 0$/.test(line));
  const beginnings = new Map(reset.map((line) => [line.slice(0, -"755 0:0 0".length), line]));
  return theirs.map((line) => beginnings.get(/^.* directory /.exec(line)?.[0] ?? "") ?? line);
}
