// Which tokens a server takes from a file and the environment.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  assertOneRoleEach,
  findToken,
  readTokenFile,
  tokensOfEnvironment,
} from "../../../src/server/auth/tokens.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const one = "abcdefghijklmnop";
const other = "ABCDEFGHIJKLMNOP.-_~+/0123456789==";

async function file(text: string): Promise<string> {
  const path = join(await scratch.fresh(), "tokens");
  writeFileSync(path, text);
  return path;
}

/** The code and the message that something fails with. */
function refusal(what: () => unknown): string {
  try {
    what();
  } catch (error) {
    const { code, message } = error as Error & { readonly code: string };
    return `${code} ${message}`;
  }
  return "";
}

describe("a token file", () => {
  it("has a line for each token, among empty ones and comments", async () => {
    const path = await file(
      `# those who may\n\nfull ${one}\n\t read   ${other} \r\n  # none\nread ${one}x\n${one}y`,
    );
    expect(readTokenFile(path)).toEqual([
      { role: "full", secret: one },
      { role: "read", secret: other },
      { role: "read", secret: `${one}x` },
      { role: "full", secret: `${one}y` },
    ]);
  });

  it("is refused if it holds none: whoever names one wants some", async () => {
    for (const text of ["", "# none\n\n"]) {
      const path = await file(text);
      expect(refusal(() => readTokenFile(path))).toBe(`INVALID_OPTION --token-file ${path} holds no token`);
    }
  });

  it("is refused, by its line and without repeating a secret, if it says anything else", async () => {
    for (const line of [
      `admin ${one}`,
      `full ${one} more`,
      "full",
      "full short",
      `full ${one}é`,
      `full:${one}`,
    ]) {
      const path = await file(`# first\n${line}\n`);
      const message = refusal(() => readTokenFile(path));
      expect(message).toContain(`INVALID_OPTION --token-file ${path}, line 2: `);
      expect(message).not.toContain(one);
    }
    expect(() => readTokenFile("/nowhere")).toThrow("--token-file /nowhere cannot be read");
  });
});

describe("the environment", () => {
  it("has one of each role, or none", () => {
    expect(tokensOfEnvironment({})).toEqual([]);
    expect(tokensOfEnvironment({ STEVEDORE_TOKEN: "", STEVEDORE_READ_TOKEN: "" })).toEqual([]);
    expect(tokensOfEnvironment({ STEVEDORE_TOKEN: one, STEVEDORE_READ_TOKEN: other })).toEqual([
      { role: "full", secret: one },
      { role: "read", secret: other },
    ]);
    for (const wrong of ["short", `${one} x`, `${one}\n`, "é".repeat(20)]) {
      const refused = expect(() => tokensOfEnvironment({ STEVEDORE_TOKEN: wrong }));
      refused.toThrow("STEVEDORE_TOKEN: a token takes");
    }
  });
});

describe("a token that is presented", () => {
  const tokens = [
    { role: "full", secret: one },
    { role: "read", secret: other },
  ] as const;

  it("is found among several if it is exactly one of them", () => {
    for (const token of tokens) expect(findToken(tokens, token.secret)).toBe(token);
    for (const wrong of ["", one.slice(1), `${one}x`, one.toUpperCase(), `${one}\0`, other.slice(0, -1)]) {
      expect(findToken(tokens, wrong)).toBe(undefined);
    }
    expect(findToken([], one)).toBe(undefined);
  });

  it("has one role", () => {
    expect(() => assertOneRoleEach([...tokens, ...tokens])).not.toThrow();
    expect(() => assertOneRoleEach([...tokens, { role: "read", secret: one }])).toThrow(
      "both as full and as read",
    );
  });
});
