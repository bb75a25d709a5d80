// The contract of the queue `compress`: what its jobs may ask for.
import { describe, expect, it } from "vitest";
import {
  largestOutput,
  parseCompressData,
  parseCompressorStatus,
  parseCompressResult,
  payloadKey,
  payloadKeys,
} from "../../src/jobs/index.js";

const token = "0123456789abcdef0123456789abcdef";
const digest = "a".repeat(64);
const good = { key: payloadKey("docker", token), length: 1, recipe: "xz-6", digest };

describe("a job's data", () => {
  it.each([1, 8 * 1024 * 1024])("is taken for a block of %i bytes", (length) => {
    for (const recipe of ["xz-6", "xz-1"]) {
      expect(parseCompressData("docker", { ...good, length, recipe })).toEqual({ ...good, length, recipe });
    }
  });

  it.each([
    ["no object", "INVALID_JOB", null],
    ["no fields", "INVALID_JOB", {}],
    ["a field too many", "INVALID_JOB", { ...good, path: "/etc/shadow" }],
    ["the key of another graph", "INVALID_JOB", { ...good, key: payloadKey("other", token) }],
    ["a key of the graph itself", "INVALID_JOB", { ...good, key: "{stevedore:docker}" }],
    ["a queue's key", "INVALID_JOB", { ...good, key: "{stevedore:docker}:checksum" }],
    ["a key behind the tag", "INVALID_JOB", { ...good, key: `${good.key}:x` }],
    ["a key before the tag", "INVALID_JOB", { ...good, key: `x${good.key}` }],
    ["a line behind the tag", "INVALID_JOB", { ...good, key: `${good.key}\n` }],
    ["another tag within", "INVALID_JOB", { ...good, key: `{stevedore:docker:}${token}}` }],
    ["a tag that is short", "INVALID_JOB", { ...good, key: payloadKey("docker", token.slice(1)) }],
    ["a tag in capitals", "INVALID_JOB", { ...good, key: payloadKey("docker", token.toUpperCase()) }],
    ["no bytes", "INVALID_JOB", { ...good, length: 0 }],
    ["2 GB", "INVALID_JOB", { ...good, length: 2e9 }],
    ["a byte more than a block", "INVALID_JOB", { ...good, length: 8 * 1024 * 1024 + 1 }],
    ["half a byte", "INVALID_JOB", { ...good, length: 1.5 }],
    ["a length in words", "INVALID_JOB", { ...good, length: "1" }],
    ["no recipe", "UNKNOWN_RECIPE", { ...good, recipe: "zstd" }],
    ["the recipe of bsdtar", "UNKNOWN_RECIPE", { ...good, recipe: "docker" }],
    ["a recipe that every object has", "UNKNOWN_RECIPE", { ...good, recipe: "constructor" }],
    ["a digest that is none", "INVALID_JOB", { ...good, digest: `sha256:${digest}` }],
  ])("is refused with %s", (_, code, data) => {
    expect(() => parseCompressData("docker", data)).toThrow(expect.objectContaining({ code }));
  });
});

it("what is no result is none", () => {
  const result = { length: 1, digest, compressor: "host.1.ab", version: "5.4.1" };
  expect(parseCompressResult(result)).toEqual(result);
  for (const wrong of [null, "", {}, { ...result, length: 0 }, { ...result, more: 1 }]) {
    expect(parseCompressResult(wrong)).toBeUndefined();
  }
});

it("what is no status is none", () => {
  for (const text of ["", "{", "null", "[]", '{"id":"a","slots":{"total":1e9,"busy":0}}']) {
    expect(parseCompressorStatus(text)).toBeUndefined();
  }
});

it("both keys of a block lie in one slot, and blocks in many", () => {
  expect(payloadKeys(good.key)).toEqual({ input: `${good.key}:input`, output: `${good.key}:output` });
});

it("random bytes become no more than is allowed for", async () => {
  const { execFileSync } = await import("node:child_process");
  const { randomBytes } = await import("node:crypto");
  for (const size of [1, 100_000, 8 * 1024 * 1024]) {
    const stream = execFileSync("xz", ["-0", "--check=crc64", "-T2", "--block-size=8MiB"], {
      input: randomBytes(size),
      maxBuffer: 64 * 1024 * 1024,
    });
    expect(stream.length).toBeLessThanOrEqual(largestOutput(size));
  }
});
