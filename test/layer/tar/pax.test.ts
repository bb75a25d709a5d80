import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkGlobalRecords,
  type PaxRecord,
  readPaxFields,
  readPaxRecords,
} from "../../../src/layer/tar/pax.js";
import { paxRecord } from "../../support/trees/crafted-tar.js";

const latin1 = (bytes: string) => Buffer.from(bytes, "latin1");
const records = (...pairs: [string, string][]): PaxRecord[] =>
  pairs.map(([keyword, value]) => ({ keyword, value: latin1(value) }));
const code = (expected: string) => expect.objectContaining({ code: expected });

/** Any byte at all. */
const byte = fc.integer({ min: 0, max: 255 }).map((value) => String.fromCharCode(value));
const value = fc.string({ unit: byte, maxLength: 200 });
const keyword = fc
  .string({ unit: byte, minLength: 1, maxLength: 30 })
  .filter((text) => !/[=\0]/.test(text) && !/^[ \t]/.test(text));

describe("records", () => {
  test("come back as they were written, whatever bytes their values hold", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(keyword, value), { maxLength: 8 }), (pairs) => {
        const body = latin1(pairs.map(([key, text]) => paxRecord(key, text)).join(""));
        expect(readPaxRecords(body)).toEqual(records(...pairs));
      }),
    );
  });

  test("are one record where a value looks like more", () => {
    const hidden = paxRecord("path", "innocent");
    const body = latin1(paxRecord("SCHILY.xattr.user.x", `\n${hidden}`));
    expect(readPaxRecords(body)).toEqual(records(["SCHILY.xattr.user.x", `\n${hidden}`]));
  });

  test("at the length where counting the digits changes the count are read", () => {
    for (let length = 0; length < 1100; length++) {
      const body = latin1(paxRecord("k", "v".repeat(length)));
      expect(readPaxRecords(body)).toHaveLength(1);
    }
  });

  test.each([
    ["without a length", "path=x\n"],
    ["with a length of zero", "0 path=x\n"],
    ["longer than their header", "99 path=x\n"],
    ["shorter than they are", "9 path=xy\n"],
    ["without a newline", "10 path=xyz"],
    ["without an equals sign", "8 path x\n"],
    ["without a keyword", "5 =x\n"],
    ["with a blank before the length", " 10 path=x\n"],
    ["with two blanks after the length", "10  path=x\n"],
    ["with a NUL in the keyword", "10 pa\0th=x\n"],
    ["with NULs behind the last one", "9 path=x\n\0\0"],
    ["with a length that is no number", "1e path=xxxxx\n"],
    ["cut short", "10 pat"],
  ])("are BAD_ARCHIVE: %s", (_, body) => {
    expect(() => readPaxRecords(latin1(body))).toThrow(code("BAD_ARCHIVE"));
  });
});

describe("the fields of an entry", () => {
  const none = { path: undefined, linkPath: undefined, size: undefined, sparseSize: undefined };

  test("are the last record of each keyword, as bytes", () => {
    expect(
      readPaxFields(records(["path", "a"], ["path", "\xff/b"], ["linkpath", "c"], ["size", "12"])),
    ).toEqual({
      ...none,
      path: "\xff/b",
      linkPath: "c",
      size: 12,
    });
  });

  test("take the name of a sparse file from its own record, wherever that stands", () => {
    const sparse: [string, string][] = [
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.name", "real"],
      ["GNU.sparse.realsize", "4096"],
    ];
    for (const pairs of [
      [...sparse, ["path", "other"]],
      [["path", "other"], ...sparse],
    ] as [string, string][][]) {
      expect(readPaxFields(records(...pairs))).toEqual({ ...none, path: "real", sparseSize: 4096 });
    }
  });

  test.each<[string, [string, string][], string]>([
    ["a NUL in a name", [["path", "a\0b"]], "UNSAFE_ENTRY"],
    ["a NUL in a target", [["linkpath", "a\0b"]], "UNSAFE_ENTRY"],
    ["an empty name", [["path", ""]], "BAD_ARCHIVE"],
    ["an empty target", [["linkpath", ""]], "BAD_ARCHIVE"],
    ["a size that is no number", [["size", "0x10"]], "BAD_ARCHIVE"],
    ["a negative size", [["size", "-1"]], "BAD_ARCHIVE"],
    ["a size beyond 2^53", [["size", "9007199254740992"]], "BAD_ARCHIVE"],
    ["a sparse name without a sparse file", [["GNU.sparse.name", "x"]], "UNSAFE_ENTRY"],
    ["a real size without a map", [["GNU.sparse.realsize", "9"]], "UNSAFE_ENTRY"],
    ["the sparse format 0.1", [["GNU.sparse.map", "0,1"]], "UNSAFE_ENTRY"],
    ["a dump directory", [["GNU.dumpdir", "Yx"]], "UNSAFE_ENTRY"],
  ])("are refused: %s", (_, pairs, expected) => {
    expect(() => readPaxFields(records(...pairs))).toThrow(code(expected));
  });
});

describe("global records", () => {
  test("that describe are accepted", () => {
    expect(() =>
      checkGlobalRecords(records(["comment", "of git"], ["mtime", "1"], ["uid", "0"])),
    ).not.toThrow();
  });

  test.each(["path", "linkpath", "size", "GNU.sparse.name", "GNU.volume.offset"])(
    "that set %s are refused",
    (key) => {
      expect(() => checkGlobalRecords(records([key, "1"]))).toThrow(code("UNSAFE_ENTRY"));
    },
  );
});
