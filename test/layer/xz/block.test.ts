import { expect, test } from "vitest";
import { readXzBlock } from "../../../src/layer/xz/block.js";
import { blockOf } from "../../../src/layer/xz/stream.js";
import { shell } from "../../support/processes/shell.js";

const stream = async (options: string, input = "a block\n".repeat(1_000)) =>
  Buffer.from(await shell(`xz -1 ${options}`, { input: Buffer.from(input) }));
const ours = "--check=crc64 -T2 --block-size=1MiB";

test("a block of xz is read with the sizes that xz itself tells", async () => {
  const made = await stream(ours);
  const block = blockOf(made);
  const listed = (
    await shell("f=$(mktemp); cat > $f; xz --robot --list -vv $f; rm $f", { input: made })
  ).toString();
  // block, stream, number in file, number, compressed offset, uncompressed offset, total size, uncompressed size
  const [, , , , , , total, uncompressed] = /^block\t.*$/m.exec(listed)?.[0].split("\t") ?? [];
  expect(block.bytes.length).toBe(Math.ceil(Number(total) / 4) * 4);
  expect(block.uncompressedSize).toBe(Number(uncompressed));
  expect(block).toEqual(readXzBlock(block.bytes));
});

test.each([
  ["no stream", "--format=lzma", (bytes: Buffer) => bytes],
  ["a stream with another check", "--check=sha256 -T2 --block-size=1MiB", (bytes: Buffer) => bytes],
  ["a stream of another mode", "--check=crc64 -T1", (bytes: Buffer) => bytes],
  ["two blocks", "--check=crc64 -T2 --block-size=5000", (bytes: Buffer) => bytes],
  ["another filter", "--check=crc64 -T2 --x86 --lzma2=preset=1", (bytes: Buffer) => bytes],
  ["nothing", ours, () => Buffer.alloc(0)],
  ["a stream that is cut", ours, (bytes: Buffer) => bytes.subarray(0, -1)],
  ["two streams", ours, (bytes: Buffer) => Buffer.concat([bytes, bytes])],
] as const)("%s is no block", async (_, options, change) => {
  const made = change(await stream(options));
  expect(() => blockOf(made)).toThrowError(expect.objectContaining({ code: "INTERNAL" }));
});

test("a stream without a block is none", async () => {
  const made = await stream(ours, "");
  expect(() => blockOf(made)).toThrowError(expect.objectContaining({ code: "INTERNAL" }));
});

test("no bit of a block's header or of a stream's index can change unseen, and no byte can be missing or added", async () => {
  const made = await stream(ours);
  const { bytes } = blockOf(made);
  const headerSize = ((bytes[0] ?? 0) + 1) * 4;
  for (let bit = 0; bit < headerSize * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => readXzBlock(changed), `bit ${bit}`).toThrow("not a block of xz");
  }
  const indexAt = 12 + bytes.length;
  for (let bit = indexAt * 8; bit < made.length * 8; bit++) {
    const changed = Buffer.from(made);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => blockOf(changed), `bit ${bit}`).toThrow();
  }
  for (let length = 0; length < bytes.length; length++) {
    expect(() => readXzBlock(bytes.subarray(0, length))).toThrow("not a block of xz");
  }
  for (const added of [1, 2, 3, 4, 8]) {
    expect(() => readXzBlock(Buffer.concat([bytes, Buffer.alloc(added)]))).toThrow("not a block of xz");
  }
});
