// The few lines that an outage of Redis is told of in, whatever its clients report.
import { EventEmitter } from "node:events";
import type { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type OutageLog, openOutageLog } from "../../src/redis/index.js";

let redis: EventEmitter;
let lines: string[];
let outages: OutageLog;
beforeEach(() => {
  vi.useFakeTimers();
  redis = new EventEmitter();
  lines = [];
  outages = openOutageLog(redis as Redis, "redis://user:secret@queue.example:6379", (line, level) =>
    lines.push(`${level} ${line}`),
  );
});
afterEach(() => {
  outages.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const refused = Object.assign(new Error("connect ECONNREFUSED 10.0.0.1:6379"), { syscall: "connect" });

/** What BullMQ's connections report in that many seconds. */
function reportFor(seconds: number, error: Error): void {
  for (let each = 0; each < seconds * 20; each++) {
    expect(outages.takes(error)).toBe(true);
    vi.advanceTimersByTime(50);
  }
}

describe("an outage", () => {
  it("is a line at its begin, one a minute, and one at its end", () => {
    redis.emit("close");
    reportFor(150, refused);
    redis.emit("ready");
    // The last connections come back a little later.
    reportFor(1, refused);
    expect(lines).toHaveLength(3);
    vi.advanceTimersByTime(3_600_000);
    expect(lines).toEqual([
      "error Redis at queue.example:6379 is not available, waiting for it",
      "error Redis at queue.example:6379 has not been available for 1m00s: connect ECONNREFUSED 10.0.0.1:6379",
      "error Redis at queue.example:6379 has not been available for 2m00s: connect ECONNREFUSED 10.0.0.1:6379",
      "warn Redis at queue.example:6379 is available again, after 2m31s",
    ]);
  });

  it("is one too while Redis answers, and refuses", () => {
    reportFor(5, new Error("OOM command not allowed when used memory > 'maxmemory'."));
    vi.advanceTimersByTime(60_000);
    expect(lines).toEqual([
      "error Redis at queue.example:6379 is not available, waiting for it: OOM command not allowed when used memory > 'maxmemory'. (Redis is full (maxmemory with noeviction): give it more memory, or remove jobs)",
      "warn Redis at queue.example:6379 is available again, after 5s",
    ]);
  });

  it("begins anew after its end, and not while the client has no connection", () => {
    for (let each = 0; each < 2; each++) {
      redis.emit("close");
      vi.advanceTimersByTime(30_000);
      redis.emit("ready");
      vi.advanceTimersByTime(30_000);
    }
    expect(lines).toHaveLength(4);
    expect(lines[3]).toBe("warn Redis at queue.example:6379 is available again, after 30s");
  });

  it("takes no other errors, unless the client has no connection", () => {
    const other = new Error("Missing lock for job 7. moveToFinished");
    expect(outages.takes(other)).toBe(false);
    redis.emit("close");
    expect(outages.takes(other)).toBe(true);
  });
});
