import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPlainlySound, mendFields, poisonFields } from "../../src/producer/unreadable/mended-fields.js";

const sound = {
  ...{ name: "checksum", data: '{"id":"a"}', opts: "{}", timestamp: "1700000000000", delay: "0", ats: "1" },
  ...{ priority: "0", processedOn: "1700000000001", pb: "worker", deid: "checksum/a" },
};
const flatten = (fields: Readonly<Record<string, string>>) => Object.entries(fields).flat();

describe("a record that is plainly sound", () => {
  it("is that of most jobs", () => {
    expect(isPlainlySound(flatten(sound))).toBe(true);
    expect(isPlainlySound(flatten({ ...sound, parent: '{"id":"1","queueKey":"q"}', atm: "2" }))).toBe(true);
  });

  it("is one in which nothing is mended", () => {
    const name = fc.constantFrom(...poisonFields, "progress", "returnvalue", "stacktrace", "failedReason");
    const odd = fc.constantFrom(
      "",
      " ",
      "-1",
      "1.5",
      "1e3",
      "0x1",
      "7",
      "[]",
      "null",
      '"x"',
      "{",
      "a\nb",
      "\u202e",
    );
    const value = fc.oneof(odd, fc.string(), fc.json());
    const changes = fc.dictionary(name, fc.option(value, { nil: undefined }), { maxKeys: 4 });
    fc.assert(
      fc.property(changes, (changed) => {
        const all: Record<string, string | undefined> = { ...sound, ...changed };
        const raw = Object.fromEntries(
          Object.entries(all).flatMap(([field, text]) => (text === undefined ? [] : [[field, text]])),
        ) as Record<string, string>;
        if (!isPlainlySound(flatten(raw))) return;
        expect(mendFields(raw)).toMatchObject({ problem: undefined, isPoison: false, breaksScripts: false });
        expect(mendFields(raw).fields).toEqual(raw);
      }),
      { numRuns: 2_000 },
    );
  });
});
