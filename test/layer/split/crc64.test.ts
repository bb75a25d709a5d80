// The checksum of a file in a tar-split, against its published check value and another implementation.
import { createCRC64 } from "hash-wasm";
import { expect, it } from "vitest";
import { createCrc64 } from "../../../src/layer/split/crc64.js";
import { seededRandom } from "../../support/seeded-random.js";

const crc = createCrc64();

it("has the check value that is published", () => {
  crc.begin();
  crc.update(Buffer.from("123456789"));
  expect(crc.digest().toString("hex")).toBe("b90956c775a41001");
});

it("is that of another implementation, whatever the length and wherever it is cut", async () => {
  const other = await createCRC64("d800000000000000");
  const { between, next, pick } = seededRandom(64);
  const bytes = Buffer.from(Array.from({ length: 150_000 }, () => between(0, 255)));
  const lengths = [...Array(20).keys(), 255, 256, 257, 511, 512, 513, 527, 528, 32_767, 32_768, 32_769];
  for (let count = 0; count < 150; count++) lengths.push(Math.floor(bytes.length * next() ** 3));
  for (const length of lengths) {
    const file = bytes.subarray(between(0, bytes.length - length)).subarray(0, length);
    crc.begin();
    for (let at = 0; at < length; ) {
      const piece = file.subarray(at, at + pick([1, 7, 16, 512, 4_096, 40_000, length]));
      crc.update(piece);
      at += piece.length;
    }
    const expected = other.init().update(file).digest();
    expect(crc.digest().toString("hex"), `${length} bytes`).toBe(expected);
  }
});
