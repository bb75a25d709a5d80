// What jobs of registries are given, what joins them, and what they tell while they run.
import { describe, expect, it } from "vitest";
import {
  assertRepeatable,
  deduplicationId,
  type JobData,
  parseJobData,
  parseProgress,
} from "../../src/jobs/index.js";

const digest = `sha256:${"0".repeat(64)}`;

describe("the data of a pull", () => {
  it.each<JobData<"pull">>([
    { ref: "busybox" },
    { ref: `localhost:5000/a/b@${digest}`, platform: "linux/arm/v7" },
    { ref: "busybox:1", name: "base:1" },
    { ref: "busybox:1", allPlatforms: true },
    { ref: "busybox:1", allPlatforms: false, platform: "linux/amd64" },
  ])("may be %j", (data) => {
    expect(parseJobData("pull", data)).toEqual(data);
  });

  it.each([
    ["INVALID_NAME", { ref: "Busybox" }, /ref: "Busybox" is not a valid reference/],
    ["INVALID_NAME", { ref: "busybox", name: "a b" }, /name: "a b" is not a valid name/],
    ["INVALID_JOB", {}, /ref/],
    ["INVALID_JOB", { ref: "busybox", platform: "linux" }, /platform/],
    ["INVALID_JOB", { ref: "busybox", platform: "linux/arm64", allPlatforms: true }, /not both/],
    ["INVALID_JOB", { ref: "busybox", password: "s3cret" }, /password/],
  ])("is %s as %j", (code, data, message) => {
    const parse = () => parseJobData("pull", data);
    expect(parse).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
    expect(parse).not.toThrow(/s3cret/);
  });

  it("that asks for the same, however it is spelt, is joined, and no other", () => {
    const id = (data: JobData<"pull">) => deduplicationId("pull", parseJobData("pull", data));
    const whole = "docker.io/library/busybox:latest";
    expect(id({ ref: "busybox" })).toMatch(/^p[A-Za-z0-9_-]{21}$/);
    expect(id({ ref: whole, allPlatforms: false })).toBe(id({ ref: "busybox" }));
    expect(id({ ref: "busybox", name: "base" })).toBe(id({ ref: whole, name: "base" }));
    const ids = [
      { ref: "busybox" },
      { ref: "busybox:1" },
      { ref: "team/busybox" },
      { ref: "localhost:5000/busybox" },
      { ref: "busybox", name: "base" },
      { ref: "busybox", platform: "linux/arm64" },
      { ref: "busybox", allPlatforms: true },
      { ref: `busybox@${digest}` },
    ].map(id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("the data of a push", () => {
  it.each<JobData<"push">>([
    { image: "web", ref: "localhost:5000/web" },
    { image: "0123abcd", ref: "team/web:1", compress: "zstd" },
    { image: "web:1", ref: "team/web:1", format: "docker", compress: "gzip" },
  ])("may be %j", (data) => {
    expect(parseJobData("push", data)).toEqual(data);
    // By the time it is tried its name may stand for another image than that of one that runs.
    expect(deduplicationId("push", parseJobData("push", data))).toBeUndefined();
  });

  it.each([
    ["INVALID_NAME", { image: "web", ref: "localhost:5000/Web" }, /ref: /],
    ["INVALID_ID", { image: "a b", ref: "web" }, /image: /],
    ["INVALID_JOB", { image: "web", ref: `web@${digest}` }, /takes a tag, not a digest/],
    ["INVALID_JOB", { image: "web", ref: "web", compress: "xz" }, /compress/],
    ["INVALID_JOB", { image: "web", ref: "web", format: "docker", compress: "zstd" }, /zstd/],
  ])("is %s as %j", (code, data, message) => {
    const expected = expect.objectContaining({ code, message: expect.stringMatching(message) });
    expect(() => parseJobData("push", data)).toThrow(expected);
  });
});

it("both may be repeated by a schedule", () => {
  expect(() => assertRepeatable("pull")).not.toThrow();
  expect(() => assertRepeatable("push")).not.toThrow();
});

describe("progress with layers", () => {
  const layer = { digest, done: 1, total: 2, state: "fetching" } as const;
  const progress = { phase: "pull", done: 1, total: 2, unit: "bytes" } as const;

  it("is read, and what a later version adds to a layer is no error", () => {
    expect(parseProgress({ ...progress, layers: [{ ...layer, more: 1 }] })).toEqual({
      ...progress,
      layers: [layer],
    });
  });

  it.each([
    ["more layers than are told of", { ...progress, layers: Array.from({ length: 51 }, () => layer) }],
    ["a layer without a digest", { ...progress, layers: [{ ...layer, digest: "\u001b[2J" }] }],
    ["a state that there is not", { ...progress, layers: [{ ...layer, state: "stolen" }] }],
  ])("is none with %s", (_, value) => {
    expect(parseProgress(value)).toBeUndefined();
  });
});
