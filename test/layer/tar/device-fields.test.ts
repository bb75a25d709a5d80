import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { fillDeviceFields } from "../../../src/layer/tar/device-fields.js";
import { collect } from "../../support/collect.js";
import { runs } from "../../support/processes/runs.js";
import { shell } from "../../support/processes/shell.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { archive, entry, pax } from "../../support/trees/crafted-tar.js";
import { fillFilter, thenFill } from "../../support/trees/documented-tar.js";
import { makeRichTree } from "../../support/trees/rich-tree.js";

const scratch = useScratchDirectory();
const zeros = "0000000\x000000000\0";
const nothing = "\0".repeat(16);

let filled: Buffer;
beforeAll(async () => {
  const tree = await scratch.fresh();
  await makeRichTree(tree);
  filled = await shell(
    `tar --sort=name --format=posix --numeric-owner --xattrs --xattrs-include='user.*' -C "$PWD" -cf - .${thenFill}`,
    { cwd: tree },
  );
});

/** The same archive as GNU tar 1.35 writes it: the device fields of what is no device are empty. */
function emptied(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = 0; at < copy.length; at += 512) {
    const block = copy.subarray(at, at + 512);
    const isHeader = block.toString("latin1", 257, 262) === "ustar";
    if (!isHeader || /[34]/.test(block.toString("latin1", 156, 157))) continue;
    if (block.toString("latin1", 329, 345) !== zeros) continue;
    block.write(nothing, 329, "latin1");
    block.write("        ", 148, "latin1");
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  }
  return copy;
}

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  const copy = Buffer.from(bytes);
  let at = 0;
  for (let next = 0; at < copy.length; next++) {
    const size = sizes[next % sizes.length] ?? copy.length;
    yield copy.subarray(at, at + size);
    at += size;
  }
}

const fill = async (bytes: Buffer, sizes: readonly number[] = [bytes.length]) =>
  Buffer.concat(await collect(fillDeviceFields(cut(bytes, sizes))));

describe("empty device fields", () => {
  test("are filled as older tars write them, wherever the stream is cut", async () => {
    const empty = emptied(filled);
    expect(empty.equals(filled)).toBe(false);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 }), async (sizes) => {
        expect((await fill(empty, sizes)).equals(filled)).toBe(true);
      }),
      { numRuns: runs(10) },
    );
  });

  test("are filled alike by the filter of the documented line", async () => {
    expect((await shell(fillFilter, { input: emptied(filled) })).equals(filled)).toBe(true);
    expect((await shell(fillFilter, { input: filled })).equals(filled)).toBe(true);
  });

  test("that are filled already stay as they are", async () => {
    expect((await fill(filled)).equals(filled)).toBe(true);
  });

  test("are not looked for inside a file that holds an archive, or whose size only its extended header tells", async () => {
    const inner = entry({ name: "inner", patches: { 329: nothing } }, "x");
    const patches = { 329: zeros };
    const told = Buffer.concat([
      pax([
        ["comment", "\n9 size=1\n"],
        ["size", String(inner.length)],
      ]),
      entry({ name: "told", size: 0, patches }, inner),
    ]);
    const bytes = archive(entry({ name: "file", patches }, inner), told, entry({ name: "last", patches }));
    expect((await fill(bytes)).equals(bytes)).toBe(true);
    expect((await shell(fillFilter, { input: bytes })).equals(bytes)).toBe(true);
    expect((await fill(emptied(bytes))).length).toBe(bytes.length);
  });
});
