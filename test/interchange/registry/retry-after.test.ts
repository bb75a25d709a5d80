// The pause that a server asks for, whose clock is not that of this host.
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { retryAfter } from "../../../src/interchange/registry/http/index.js";

const url = new URL("https://registry.example/v2/");
const at = (ms: number) => new Date(ms).toUTCString();
const pause = (headers: Record<string, string>) =>
  retryAfter({ status: 429, headers, body: Readable.from([]), url, shown: url });

describe("a Retry-After that is a date", () => {
  it.each([
    ["an hour ahead", 3_600_000],
    ["an hour behind", -3_600_000],
    ["the same", 0],
  ])("counts from the answer's own date: the server's clock is %s", (_, skew) => {
    const now = Math.floor(Date.now() / 1_000) * 1_000 + skew;
    expect(pause({ date: at(now), "retry-after": at(now + 30_000) })).toBe(30_000);
    expect(pause({ date: at(now), "retry-after": at(now - 30_000) })).toBe(0);
  });

  it("counts from now where the answer has no date, or none that can be read", () => {
    const later = { "retry-after": at(Date.now() + 60_000) };
    for (const headers of [later, { ...later, date: "yesterday" }]) {
      expect(pause(headers)).toBeGreaterThan(50_000);
      expect(pause(headers)).toBeLessThanOrEqual(60_000);
    }
  });
});
