import { expect, test, vi } from "vitest";
import { chooseXzEngine, type XzEngine } from "../../../src/layer/xz/engine.js";
import { checkKnownAnswer } from "../../../src/layer/xz/known-answer.js";
import { loadNativeXz } from "../../../src/layer/xz/native.js";
import { findXzProgram } from "../../../src/layer/xz/program.js";
import { sha256Of, shell } from "../../support/processes/shell.js";
import { verifiedVariable } from "../../support/verified-xz.js";

vi.stubEnv(verifiedVariable, undefined);

const large = "f544887fe1071972bd83db3d19389ff080b1e828cdcdc0a7d40e292e17f007ed";
const small = "a48cbbab35c17a9c7aa926682586b52cf300735d00a7839a502ce5b163c2ef35";

test("the xz of this host gives the known answer, from the shell and as an engine", async () => {
  const printed = await shell("seq 1 400000 | xz -6 --check=crc64 --block-size=1MiB -T2 | sha256sum");
  expect(sha256Of(printed)).toBe(`sha256:${large}`);
  const ofSmall = await shell("seq 1 10000 | xz -6 --check=crc64 --block-size=16KiB -T2 | sha256sum");
  expect(sha256Of(ofSmall)).toBe(`sha256:${small}`);
  await checkKnownAnswer((await findXzProgram()) as XzEngine);
  await checkKnownAnswer(await chooseXzEngine());
});

test("lzma-native gives the known answer", async () => {
  await checkKnownAnswer(await loadNativeXz());
});

test.each([
  ["small", 1, small],
  ["large", 100_000, large],
] as const)(
  "an engine that compresses %s blocks in another way is refused, by name and with both digests",
  async (_, from, answer) => {
    const native = await loadNativeXz();
    const other: XzEngine = {
      ...native,
      compress(input, settings, signal) {
        const preset = input.data.length >= from ? 1 : 6;
        return native.compress(input, { ...settings, preset }, signal);
      },
    };
    await expect(checkKnownAnswer(other)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringMatching(new RegExp(`^lzma-native 5\\S+ .*is [0-9a-f]{64}, not ${answer}$`)),
    });
  },
);

test("the check can be cancelled", async () => {
  await expect(checkKnownAnswer(await loadNativeXz(), AbortSignal.abort())).rejects.toMatchObject({
    code: "CANCELLED",
  });
});
