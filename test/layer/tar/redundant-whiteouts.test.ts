// Whiteouts below what their own layer makes a file or a symlink: umoci writes them, no tar can.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { execa } from "execa";
import { expect, it } from "vitest";
import { unpack } from "../../../src/layer/index.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { archive, entry, pax } from "../../support/trees/crafted-tar.js";
import { listTree } from "../../support/trees/tree-listing.js";

const scratch = useScratchDirectory();
const limits = { maxBytes: 1e9, maxEntries: 10_000 };
const long = "n".repeat(200);

/** The entries of a layer, in umoci's order; those that say nothing are marked. */
const layer: readonly (readonly [bytes: Buffer, isDead?: "dead"])[] = [
  [entry({ name: "d/", type: "5", mode: 0o755 })],
  [entry({ name: "d/.wh.genuine" })],
  [entry({ name: "d/f" }, "file")],
  [entry({ name: "d/f-2/", type: "5", mode: 0o755 })],
  [entry({ name: "d/f-2/.wh.genuine" })],
  [entry({ name: "d/f/.wh.a" }), "dead"],
  [Buffer.concat([pax([["path", `d/f/.wh.${long}`]]), entry({ name: "short" }, "with a body")]), "dead"],
  [entry({ name: "./d/f/b/.wh..wh..opq" }), "dead"],
  [entry({ name: "d/g" }, "file")],
  [entry({ name: "d/h/", type: "5", mode: 0o755 })],
  [entry({ name: "d/h/.wh.genuine" })],
  [entry({ name: "d/to", type: "2", linkName: "h" })],
  [entry({ name: "d/to/.wh.kept" }), "dead"],
  [entry({ name: "e" }, "last")],
];

it("are left out, and nothing else is, wherever the stream is cut", async () => {
  const input = archive(...layer.map(([bytes]) => bytes));
  const oracle = await scratch.fresh();
  const alive = archive(...layer.filter(([, isDead]) => isDead === undefined).map(([bytes]) => bytes));
  await execa("tar", ["-xpf", "-", "-C", oracle], { input: alive });
  const expected = (await listTree(oracle)).slice(1);
  for (const size of [input.length, 4096, 1000, 513, 512, 100]) {
    const directory = join(await scratch.fresh(), "layer");
    await mkdir(directory);
    const chunks = Array.from({ length: Math.ceil(input.length / size) }, (_, at) =>
      input.subarray(at * size, (at + 1) * size),
    );
    const unpacked = await unpack(Readable.from(chunks), directory, { limits });
    expect((await listTree(directory)).slice(1)).toEqual(expected);
    expect(unpacked.archiveEntries).toBe(layer.length);
  }
});

it("are no hiding place: a file below a file is refused as ever", async () => {
  const input = archive(entry({ name: "f" }, "file"), entry({ name: "f/g" }, "below"));
  await expect(unpack(Readable.from([input]), await scratch.fresh(), { limits })).rejects.toMatchObject({
    code: "BAD_ARCHIVE",
  });
});
