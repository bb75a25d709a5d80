// Archives that end behind their last entry, as umoci's `insert` leaves them.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { unpack } from "../../src/layer/index.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { entry, pax } from "../support/trees/crafted-tar.js";
import { listTree } from "../support/trees/tree-listing.js";

const scratch = useScratchDirectory();
const limits = { maxBytes: 1e9, maxEntries: 10_000 };

const content = "x".repeat(700);
const whole = Buffer.concat([
  entry({ name: "d/", type: "5", mode: 0o755 }),
  pax([["mtime", "1370088000.123456789"]]),
  entry({ name: "d/f" }, content),
]);
/** How many bytes of the archive are padding. */
const padding = 1024 - content.length;

describe("an archive without the zeros that mark its end", () => {
  it.each([0, 1, padding])(
    "and without %d bytes of its padding is taken where its diffID is known",
    async (less) => {
      const input = whole.subarray(0, whole.length - less);
      const [ours, oracle] = [await scratch.fresh(), await scratch.fresh()];
      const unpacked = await unpack(Readable.from([input]), ours, { limits, isWhole: () => true });
      await execa("tar", ["-xpf", "-", "-C", oracle], { input: Buffer.concat([whole, Buffer.alloc(1024)]) });
      expect((await listTree(ours)).slice(1)).toEqual((await listTree(oracle)).slice(1));
      expect(unpacked).toMatchObject({
        diffId: `sha256:${createHash("sha256").update(input).digest("hex")}`,
        archiveBytes: input.length,
      });
    },
  );

  it.each([
    ["inside the content of a file", whole.subarray(0, whole.length - padding - 1), true],
    ["inside a header", whole.subarray(0, whole.length - 1024 - 1), true],
    ["behind an extended header", whole.subarray(0, whole.length - 1024 - 512), true],
    ["behind a file, and its diffID is not known", whole, false],
  ])("is BAD_ARCHIVE where it ends %s", async (_, input, isKnown) => {
    const unpacking = unpack(Readable.from([input]), await scratch.fresh(), {
      limits,
      isWhole: () => isKnown,
    });
    await expect(unpacking).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
  });
});
