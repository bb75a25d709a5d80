import { expect, test, vi } from "vitest";
import type { XzEngine } from "../../../src/layer/xz/engine.js";
import { checkKnownAnswer } from "../../../src/layer/xz/known-answer.js";
import { loadNativeXz } from "../../../src/layer/xz/native.js";
import { findXzProgram } from "../../../src/layer/xz/program.js";
import { sha256Of, shell } from "../../support/processes/shell.js";
import { verifiedVariable } from "../../support/verified-xz.js";

vi.stubEnv(verifiedVariable, undefined);

const answer = "f544887fe1071972bd83db3d19389ff080b1e828cdcdc0a7d40e292e17f007ed";

test("the xz of this host gives the known answer, from the shell and as an engine", async () => {
  const printed = await shell("seq 1 400000 | xz -6 --check=crc64 --block-size=1MiB -T2 | sha256sum");
  expect(sha256Of(printed)).toBe(`sha256:${answer}`);
  await checkKnownAnswer((await findXzProgram()) as XzEngine);
});

test("lzma-native gives the known answer", async () => {
  await checkKnownAnswer(await loadNativeXz());
});

test("an engine that compresses in another way is refused, by name and with both digests", async () => {
  const native = await loadNativeXz();
  const other: XzEngine = {
    ...native,
    compress: (input, settings, signal) => native.compress(input, { ...settings, preset: 1 }, signal),
  };
  await expect(checkKnownAnswer(other)).rejects.toMatchObject({
    code: "INTERNAL",
    message: expect.stringMatching(new RegExp(`^lzma-native 5\\S+ .*is [0-9a-f]{64}, not ${answer}$`)),
  });
});

test("the check can be cancelled", async () => {
  await expect(checkKnownAnswer(await loadNativeXz(), AbortSignal.abort())).rejects.toMatchObject({
    code: "CANCELLED",
  });
});
