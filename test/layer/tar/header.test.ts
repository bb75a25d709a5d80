import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readHeader, readNumber } from "../../../src/layer/tar/header.js";
import { archive, entry, gnuMagic } from "../../support/trees/crafted-tar.js";

const block = (header: Parameters<typeof entry>[0]) => entry(header).subarray(0, 512);
const field = (bytes: string) => Buffer.from(bytes, "latin1");
/** Reads a field that stands between digits which are not its own. */
const readField = (bytes: Buffer) => {
  const padding = Buffer.alloc(12 - bytes.length);
  return readNumber(Buffer.concat([Buffer.from("7"), bytes, padding, Buffer.from("7")]), 1);
};

describe("a number", () => {
  test("is read from octal with the blanks and NULs that tars put around it", () => {
    for (const bytes of ["00000000012\0", "         12 ", "\x0012\0garbage", "12", "000000000012", "12 7"]) {
      expect(readField(field(bytes))).toBe(10);
    }
    expect(readField(field("\0".repeat(12)))).toBe(0);
    expect(readField(field("777777777777"))).toBe(2 ** 36 - 1);
  });

  test("is read from base-256 up to 2^53", () => {
    const base256 = (value: number) => {
      const bytes = Buffer.alloc(12);
      bytes[0] = 0x80;
      bytes.writeBigUInt64BE(BigInt(value), 4);
      return bytes;
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (value) => {
        expect(readField(base256(value))).toBe(value);
      }),
    );
    expect(readField(base256(2 ** 53))).toBeUndefined();
  });

  test("is nothing else: blanks, signs, other digits, negative numbers, GNU tar's base-64 of 1999", () => {
    for (const bytes of [
      "            ",
      "+A",
      "-1",
      "0x1f",
      "12abc",
      "8",
      "\xa012",
      "\xff".repeat(12),
      "\0\x80\0\0\x01",
    ]) {
      expect(readField(field(bytes))).toBeUndefined();
    }
  });

  test("of any bytes is one only if GNU tar takes it for the same size", async () => {
    const fields = fc.sample(
      fc.string({ unit: fc.constantFrom(..."01234567 \0"), minLength: 12, maxLength: 12 }),
      { numRuns: 60, seed: 1 },
    );
    for (const bytes of fields) {
      const size = readField(field(bytes));
      if (size === undefined) continue;
      const input = archive(entry({ name: "f", patches: { 124: bytes } }));
      const { stdout } = await execa("tar", ["-tvf", "-"], { input, reject: false, env: { LC_ALL: "C" } });
      expect(Number(/^\S+ \S+ +(\d+)/.exec(stdout)?.[1])).toBe(size);
    }
  });
});

describe("a name", () => {
  test("has the prefix of POSIX before it, and not what other dialects keep there", () => {
    expect(readHeader(block({ name: "b", prefix: "a" })).name).toBe("a/b");
    expect(readHeader(block({ name: "b", prefix: "a", magic: gnuMagic })).name).toBe("b");
    expect(readHeader(block({ name: "b", prefix: "a", magic: "" })).name).toBe("b");
  });

  test("keeps every byte up to its first NUL, and may fill its field", () => {
    expect(readHeader(block({ name: "\xff\n\xe9\0ignored" })).name).toBe("\xff\n\xe9");
    expect(readHeader(block({ name: "n".repeat(100) })).name).toBe("n".repeat(100));
    expect(readHeader(block({ name: "a", type: "2", linkName: "l".repeat(100) })).linkName).toBe(
      "l".repeat(100),
    );
  });
});

test("the dialects are told apart by the magic field, star by its two times", () => {
  const times = "00000000001 00000000002 ";
  expect(readHeader(block({ name: "a" })).dialect).toBe("ustar");
  expect(readHeader(block({ name: "a", magic: gnuMagic })).dialect).toBe("gnu");
  expect(readHeader(block({ name: "a", magic: "" })).dialect).toBe("v7");
  expect(readHeader(block({ name: "a", patches: { 476: times } })).dialect).toBe("star");
});

test("a header with any one bit changed is BAD_ARCHIVE", () => {
  const good = block({ name: "some/file", linkName: "target" });
  const checksum = { at: 148, digits: 6 };
  for (let at = 0; at < good.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = Buffer.from(good);
      damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << bit), at);
      const byte = damaged.readUInt8(at);
      // A leading nought of the checksum may be a blank; so may the NUL behind it. Nobody reads the blank behind that.
      const end = checksum.at + checksum.digits;
      const isSame =
        at === end + 1 ||
        (byte === 0x20 && (at === end || (at === checksum.at && good.readUInt8(at) === 0x30)));
      const read = () => readHeader(damaged);
      if (isSame) expect(read, `bit ${bit} of byte ${at}`).not.toThrow();
      else expect(read, `bit ${bit} of byte ${at}`).toThrow(expect.objectContaining({ code: "BAD_ARCHIVE" }));
    }
  }
});
