// Gzip on several threads: one member that every gunzip reads, the same bytes however many threads there are.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compileDeflate, target } from "../../../scripts/deflate.js";
import { gzipBlocks } from "../../../src/interchange/target/gzip/index.js";
import { shell } from "../../support/processes/shell.js";
import { seededRandom } from "../../support/seeded-random.js";

async function* inPieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function packed(bytes: Buffer, threads: number, pieces = 100_000): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of gzipBlocks(inPieces(bytes, pieces), threads)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const random = seededRandom(17);
/** Words that come again, also across the ends of blocks. */
const text = Buffer.from(
  Array.from({ length: 500_000 }, () => `word-${Math.floor(random.next() * 5_000)}`).join(" "),
);

describe("gzip by blocks", () => {
  it.each([
    ["nothing", 0],
    ["a byte", 1],
    ["a block less a byte", 1024 ** 2 - 1],
    ["a block", 1024 ** 2],
    ["a block and a byte", 1024 ** 2 + 1],
    ["several blocks", text.length],
  ])("gives back %s", async (_, length) => {
    const bytes = text.subarray(0, length);
    const made = await packed(bytes, 2);
    expect(gunzipSync(made).equals(bytes)).toBe(true);
    expect((await shell("gzip -dc", { input: made })).equals(bytes)).toBe(true);
  });

  it("is the same for any number of threads, and however the input is cut", async () => {
    const one = await packed(text, 1);
    expect((await packed(text, 4)).equals(one)).toBe(true);
    expect((await packed(text, 3, 3_333_333)).equals(one)).toBe(true);
  });

  it("is the same on every host", async () => {
    const other = seededRandom(18);
    const noise = Buffer.from(Array.from({ length: 100_000 }, () => other.next() * 256));
    const short = Buffer.from("short");
    const made = [];
    for (const bytes of [text, noise, Buffer.alloc(3_000_000, "ab"), short, Buffer.alloc(0)]) {
      made.push(await packed(bytes, 2));
    }
    expect(createHash("sha256").update(Buffer.concat(made)).digest("hex")).toBe(
      "601969584a62fb1fef13cc517379cd14cfc63c831e49a282a79bfcb26c2ae9a8",
    );
  });

  it("has the module that its source is compiled to", async () => {
    expect(await readFile(target, "utf8")).toBe(await compileDeflate());
  });

  it("leaves chunks alone whose memory is shared", async () => {
    const bytes = text.subarray(0, 2 * 1024 ** 2);
    const before = Buffer.from(bytes);
    await packed(bytes, 2, 1024 ** 2);
    expect(bytes.equals(before)).toBe(true);
  });

  it("looks back over the ends of blocks", async () => {
    const noise = Buffer.from(Array.from({ length: 16 * 1024 }, () => random.next() * 256));
    const bytes = Buffer.concat([Buffer.alloc(1024 ** 2 - noise.length), noise, noise]);
    expect((await packed(bytes, 2)).length).toBeLessThan(1.5 * noise.length);
  });

  it("ends with the error of its input", async () => {
    async function* failing() {
      yield text;
      throw new Error("the input fails");
    }
    const reading = async () => {
      for await (const chunk of gzipBlocks(failing(), 2)) expect(chunk.length).toBeGreaterThan(0);
    };
    await expect(reading()).rejects.toThrow("the input fails");
  });
});
