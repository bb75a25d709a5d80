// Sources whose path is exchanged all the while: by a process of its own, thousands of times a second, between what the
// worker may read and what it may not. The bytes that are read tell.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StevedoreError } from "../../../src/terms/error.js";
import { defaultLimits } from "../../../src/worker/limits.js";
import { openSource, type SourcePolicy } from "../../../src/worker/sources/source.js";
import { childProcesses } from "../../support/processes/child-processes.js";
import { swapping } from "../../support/processes/swapping.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const secret = "of nobody's concern ".repeat(50);
const harmless = "for everybody ".repeat(50);

let allowed: string;
let outside: string;
let policy: SourcePolicy;
beforeEach(async () => {
  allowed = await scratch.fresh();
  outside = await scratch.fresh();
  writeFileSync(join(outside, "file"), secret);
  mkdirSync(join(allowed, "good"));
  writeFileSync(join(allowed, "good/file"), harmless);
  policy = {
    allowedRoots: [allowed],
    inbox: join(allowed, "inbox"),
    allowedHosts: [],
    allowPrivateAddresses: false,
    limits: defaultLimits,
  };
});
afterEach(async () => {
  expect((await childProcesses()).map(({ command }) => command)).not.toContain("tar");
});

/** What a path gives: all of its bytes, or the code of the error. */
async function read(path: string): Promise<string> {
  try {
    await using source = await openSource({ path }, policy, new AbortController().signal);
    const chunks: Buffer[] = [];
    for await (const chunk of source.stream) chunks.push(chunk);
    await source.finish();
    return Buffer.concat(chunks).toString("latin1");
  } catch (error) {
    if (error instanceof StevedoreError) return error.code;
    throw error;
  }
}

/** Reads until both sides of the race were seen so often. None of what was read may hold the secret. */
async function readOften(path: string, often: number): Promise<void> {
  const seen = { harmless: 0, refused: 0 };
  while (Math.min(seen.harmless, seen.refused) < often) {
    const outcome = await read(path);
    expect(outcome).not.toContain(secret);
    if (outcome.includes(harmless)) seen.harmless++;
    else {
      expect(outcome).toBe("SOURCE_FORBIDDEN");
      seen.refused++;
    }
  }
}

describe("a source whose path leads in and out of what is allowed by turns", () => {
  it("is never what is not allowed, if its last part is exchanged", async () => {
    await using _ = await swapping(join(allowed, "link"), join(allowed, "good/file"), join(outside, "file"));
    await readOften(join(allowed, "link"), 200);
  });

  it("is never what is not allowed, if a directory on its way is exchanged", async () => {
    await using _ = await swapping(join(allowed, "way"), join(allowed, "good"), outside);
    await readOften(join(allowed, "way/file"), 200);
  });

  it("is never what is not allowed, if it is a directory", async () => {
    await using _ = await swapping(join(allowed, "tree"), join(allowed, "good"), outside);
    await readOften(join(allowed, "tree"), 40);
  });
});

describe("a directory that changes while it is packed", () => {
  it("is never packed with what a symlink in it leads to, though that is a directory by turns", async () => {
    // Names on both sides of the one that is exchanged, so that tar is at work for a while.
    const tree = join(allowed, "tree");
    mkdirSync(tree);
    for (let name = 0; name < 200; name++) writeFileSync(join(tree, `${name}`), harmless);
    await using _ = await swapping(join(tree, "100-swapped"), undefined, outside);
    for (let round = 0; round < 60; round++) expect(await read(tree)).not.toContain(secret);
  });

  it("is packed as the directory that it was, though its path is another's by then", async () => {
    await using source = await openSource(
      { path: join(allowed, "good") },
      policy,
      new AbortController().signal,
    );
    const { renameSync } = await import("node:fs");
    renameSync(join(allowed, "good"), join(outside, "moved"));
    symlinkSync(outside, join(allowed, "good"));
    let text = "";
    for await (const chunk of source.stream) text += chunk.toString("latin1");
    await source.finish();
    expect(text).toContain(harmless);
    expect(text).not.toContain(secret);
  });

  it("has its symlinks in it as such, wherever they lead", async () => {
    symlinkSync(join(outside, "file"), join(allowed, "good/out"));
    symlinkSync(outside, join(allowed, "good/out-directory"));
    const text = await read(join(allowed, "good"));
    expect(text).toContain(join(outside, "file"));
    expect(text).not.toContain(secret);
  });
});
