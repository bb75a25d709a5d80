// The power goes while a set of images is registered: the disk, as it is found then, has all of them or none.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import { copyAsFound, dropLoopDisk, makeLoopDisk, mountLoopDisk } from "../../chaos/loop-disk.js";
import { left, register, seen } from "../../support/images/image-set.js";
import { unmountBelow } from "../../support/mounts/mounted.js";
import { type DiskCall, runUntil } from "../../support/processes/killed-at.js";
import { bundle } from "../../support/processes/node-process.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
let module: string;
beforeAll(async () => {
  module = await bundle("graph/index.ts");
});
afterAll(() => unmountBelow(scratch.path));

const moments: readonly (readonly [DiskCall, number, "nothing" | "all"])[] = [
  // Before the journal has its name.
  ["rename", 2, "nothing"],
  // From then on nothing more has to reach the disk.
  ["rename", 3, "all"],
  ["rename", 6, "all"],
  ["unlink", 3, "all"],
  ["rmdir", 1, "all"],
];

it.each(moments)("at its %s number %i it leaves %s", async (call, at, outcome) => {
  const directory = await scratch.fresh();
  const [image, copy, mountPoint] = ["disk.img", "copy.img", "disk"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await makeLoopDisk({ image, mountPoint, mebibytes: 32 });
  const root = join(mountPoint, "root");
  mkdirSync(root);
  expect(await runUntil(call, at, register, module, root)).toBe(false);
  // What the kernel has not yet written is not in the file that holds the disk.
  copyAsFound(image, mountPoint, copy);
  await dropLoopDisk(image, mountPoint);
  await mountLoopDisk(copy, mountPoint);
  mkdirSync(root, { recursive: true });
  const graph = await openGraph(root, { create: true });
  expect(await seen(graph)).toBe(outcome);
  expect(await left(graph)).toEqual([]);
  await dropLoopDisk(copy, mountPoint);
});
