import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeDirectory } from "../../src/disk/make-directory.js";
import { assertWritable } from "../../src/disk/writable.js";
import { openGraph } from "../../src/graph/index.js";
import { openMounts } from "../../src/mount/index.js";
import { unmountBelow } from "../support/mounts/mounted.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
/** A disk on which nothing can be made any more, but for what lies in `roomy`. */
let full: string;

beforeAll(async () => {
  full = await scratch.fresh();
  await shell(`mount -t tmpfs -o nr_inodes=32 none ${full}`);
  // A root with an image, which has never been mounted.
  mkdirSync(join(full, "root/graph/plain/layer"), { recursive: true });
  writeFileSync(join(full, "root/graph/plain/json"), JSON.stringify({ id: "plain" }));
  await shell(`for n in $(seq 40); do touch ${full}/filler-$n || break; done 2>/dev/null`);
});
afterAll(() => unmountBelow(scratch.path));

describe("a directory that is made with all that it lies in", () => {
  it("tells the first that was made, and lets be what is there", async () => {
    const base = await scratch.fresh();
    expect(makeDirectory(join(base, "a/b/c"), 0o700)).toBe(join(base, "a"));
    expect(statSync(join(base, "a/b")).mode & 0o777).toBe(0o700);
    expect(makeDirectory(join(base, "a/b/c"))).toBeUndefined();
    expect(statSync(join(base, "a/b/c")).mode & 0o777).toBe(0o700);
  });

  it("says of a full disk that it is full", () => {
    for (const path of ["one", "one/two"])
      expect(() => makeDirectory(join(full, path))).toThrow(expect.objectContaining({ code: "ENOSPC" }));
  });
});

describe("on a full disk", () => {
  it("no root is made: NO_SPACE", async () => {
    await expect(assertWritable(join(full, "new"))).rejects.toMatchObject({ code: "NO_SPACE" });
    await expect(openGraph(join(full, "new"), { create: true })).rejects.toMatchObject({ code: "NO_SPACE" });
  });

  it("no image is mounted for the first time: ENOSPC, which is a job's NO_SPACE", async () => {
    const graph = await openGraph(join(full, "root"));
    try {
      const mounting = openMounts(graph).mount({ id: "plain" });
      await expect(mounting).rejects.toMatchObject({ code: expect.stringMatching(/^(NO_SPACE|ENOSPC)$/) });
    } finally {
      await graph.close();
    }
  });
});
