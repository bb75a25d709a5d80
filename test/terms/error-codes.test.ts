// The error codes: one table, and docs/jobs.md repeats it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { JobError as ofJobs } from "../../src/public/jobs.js";
import { JobError as ofProducer } from "../../src/public/producer.js";
import {
  errorCodes,
  errorCodeTable,
  failureOf,
  isErrorCode,
  isTransient,
  JobError,
  StevedoreError,
  statusOf,
} from "../../src/terms/index.js";

it("docs/jobs.md tells of every code what the table says, in its order, and of no other", async () => {
  const text = await readFile(join(import.meta.dirname, "../../docs/jobs.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` +\| (.+?) +\| (yes|no) +\|$/gm)].map((row) => row.slice(1));
  const known = Object.entries(errorCodeTable).map(([code, { meaning, isTransient }]) => [
    code,
    meaning,
    isTransient ? "yes" : "no",
  ]);
  expect(rows).toEqual(known);
});

it("every code has a meaning of one line and a status that refuses", () => {
  for (const code of errorCodes) {
    expect(errorCodeTable[code].meaning, code).toMatch(/^[^\n|]{5,110}$/);
    expect(statusOf(code), code).toBeGreaterThanOrEqual(400);
    expect(statusOf(code), code).toBeLessThan(600);
    expect(isErrorCode(code)).toBe(true);
  }
});

it.each(["NO_SUCH_CODE", "toString", "", 7, undefined])("%j is not a code", (value) => {
  expect(isErrorCode(value)).toBe(false);
});

it("what is wrong with an option does not heal", () => {
  expect(isTransient("INVALID_OPTION")).toBe(false);
});

describe("an error", () => {
  it("of a job is a Stevedore error that names the job, the same class by every door", () => {
    const error = new JobError("IMAGE_NOT_FOUND", "there is no image a", { jobId: "7", cause: "x" });
    expect(error).toBeInstanceOf(StevedoreError);
    expect(error).toMatchObject({ name: "JobError", code: "IMAGE_NOT_FOUND", jobId: "7", cause: "x" });
    expect(String(error)).toBe("JobError: there is no image a");
    expect(new JobError("INTERNAL", "a").jobId).toBeUndefined();
    expect([ofJobs, ofProducer]).toEqual([JobError, JobError]);
    expect(String(new StevedoreError("INTERNAL", "a"))).toBe("StevedoreError: a");
  });

  it.each([
    ["of ours", new StevedoreError("NOT_MOUNTED", "a"), { code: "NOT_MOUNTED", message: "a" }],
    ["of a job", new JobError("CANCELLED", "b", { jobId: "1" }), { code: "CANCELLED", message: "b" }],
    ["of a full disk", errnoError("ENOSPC"), { code: "NO_SPACE", message: "ENOSPC" }],
    ["of a full quota", errnoError("EDQUOT"), { code: "NO_SPACE", message: "EDQUOT" }],
    ["of another kind", errnoError("EIO"), { code: "INTERNAL", message: "EIO" }],
    ["that nobody thought of", new TypeError("c"), { code: "INTERNAL", message: "c" }],
    ["that is none", "d", { code: "INTERNAL", message: "d" }],
  ])("%s is told of by a code and a message", (_, error, failure) => {
    expect(failureOf(error)).toEqual(failure);
  });
});

function errnoError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
