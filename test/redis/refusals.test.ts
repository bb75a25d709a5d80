// What Redis refuses, told in our words.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { asUnavailable, redisRefusals, refusalOf } from "../../src/redis/index.js";

describe("a refusal", () => {
  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", "OOM"],
    ["OOM command not allowed when used memory > 'maxmemory'. script: 1f, on @user_script:8.", "OOM"],
    [
      "ERR Error running script (call to f_1f): @user_script:8: @user_script: 8: -OOM command not allowed",
      "OOM",
    ],
    ["MISCONF Redis is configured to save RDB snapshots", "MISCONF"],
    ["READONLY You can't write against a read only replica.", "READONLY"],
    ["-READONLY You can't write against a read only replica. script: 1f, on @user_script:8.", "READONLY"],
    ["LOADING Redis is loading the dataset in memory", "LOADING"],
    ["NOAUTH Authentication required.", "NOAUTH"],
    ["NOPERM User default has no permissions to run the 'set' command", "NOPERM"],
    [
      "ERR The user executing the script can't run this command or subcommand script: 5a, on @user_script:2.",
      "NOPERM",
    ],
    ["WRONGPASS invalid username-password pair or user is disabled.", "WRONGPASS"],
    ["CLUSTERDOWN Hash slot not served", "CLUSTERDOWN"],
    ["BUSY Redis is busy running a script.", "BUSY"],
  ] as const)("is known by its word: %s", (message, code) => {
    const refusal = refusalOf(new Error(message));
    expect(refusal?.code).toBe(code);
    expect(refusal?.message).not.toMatch(/script: |@user_script/);
    expect(asUnavailable(new Error(message))).toMatchObject({ code: "QUEUE_UNAVAILABLE" });
  });

  it("is found in a transaction that was given up", () => {
    const error = Object.assign(new Error("EXECABORT Transaction discarded because of previous errors."), {
      previousErrors: [new Error("OOM command not allowed when used memory > 'maxmemory'.")],
    });
    expect(refusalOf(error)?.code).toBe("OOM");
  });

  it.each(["ERR value is not an integer", "WRONGTYPE Operation against a key", "the BUSY one", ""])(
    "is no other error: %s",
    (message) => {
      const error = new Error(message);
      expect(refusalOf(error)).toBeUndefined();
      expect(asUnavailable(error)).toBe(error);
    },
  );

  it("stands in docs/redis.md with its meaning", () => {
    const text = readFileSync(new URL("../../docs/redis.md", import.meta.url), "utf8");
    const rows = new Map(
      [...text.matchAll(/^\| `([A-Z]+)` +\| (.*?) +\|/gm)].map(([, code, meaning]) => [code, meaning]),
    );
    for (const [code, { meaning }] of Object.entries(redisRefusals)) {
      expect([code, rows.get(code)]).toEqual([code, meaning]);
    }
  });
});
