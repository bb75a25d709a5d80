// What each kind of job says of itself, and the lists that are derived from it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  contract,
  contractAsJsonSchema,
  hostedQueueNames,
  hostQueueName,
  isBatch,
  type JobName,
  jobFacts,
  jobNames,
  queuesOfHost,
  splitQueueName,
  subjectOf,
} from "../../src/jobs/index.js";

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, ObjectSchema>>;
}

const { jobs } = contractAsJsonSchema();
const schemas = jobs as unknown as Record<string, { data: ObjectSchema; result: ObjectSchema }>;

describe.each(jobNames)("the job %s", (name: JobName) => {
  const kind = contract[name];

  it("has its subject in fields that it has", () => {
    for (const path of kind.subject) {
      const [root, ...fields] = path.split(".") as ["data" | "result", ...string[]];
      let schema = schemas[name]?.[root];
      for (const field of fields) schema = schema?.properties?.[field];
      expect(schema, path).toBeDefined();
    }
  });

  it("takes a host if it may go to one, and only then", () => {
    expect(schemas[name]?.data.properties?.host !== undefined).toBe(kind.goesToHost);
  });

  it("is on the queue of its children if it is a batch", () => {
    expect(isBatch(name)).toBe(kind.batchOf !== null);
    if (kind.batchOf !== null) expect(contract[kind.batchOf].queue).toBe(kind.queue);
  });
});

it("the picture is drawn anew after these", () => {
  const names = jobFacts().flatMap(({ name, changesPicture }) => (changesPicture ? [name] : []));
  expect(names.sort()).toEqual(
    [
      ...["store", "commit", "import", "pull", "delete", "gc", "tag", "untag"],
      ...["checksum", "verify", "mount", "unmount"],
    ].sort(),
  );
});

it("every host has a queue of its own for what only it can do", () => {
  expect(hostedQueueNames).toEqual(["store", "mount"]);
  expect(queuesOfHost("web-1")).toEqual(["store@web-1", "mount@web-1"]);
  expect(splitQueueName(hostQueueName("mount", "web-1"))).toEqual({ queue: "mount", host: "web-1" });
  expect(splitQueueName("checksum")).toEqual({ queue: "checksum", host: undefined });
});

it.each([
  ["checksum", { id: "base" }, null, "base"],
  ["store", { layer: { upload: "u" } }, null, ""],
  ["store", { layer: { upload: "u" }, image: { id: "given" } }, null, "given"],
  ["store", { layer: { upload: "u" } }, { id: "made" }, "made"],
  ["commit", { mountId: "1f" }, null, "1f"],
  ["commit", { target: "/mnt/a" }, { id: "made" }, "made"],
  ["unmount", { target: "/mnt/a" }, { mountId: "1f" }, "/mnt/a"],
  ["untag", { name: "web" }, null, "web"],
  ["untag", { name: "web" }, { name: "web:latest", id: "base" }, "base"],
  ["export", { ids: ["base"], format: "oci", file: "a.tar" }, null, "a.tar"],
  ["pull", { ref: "localhost:5000/team/web:1" }, null, "localhost:5000/team/web:1"],
  ["push", { image: "web", ref: "localhost:5000/team/web:1" }, { id: "1f" }, "localhost:5000/team/web:1"],
  ["gc", {}, {}, ""],
  ["checksum", null, null, ""],
  ["checksum", "text", 7, ""],
  ["checksum", { id: { id: 7 } }, null, ""],
  ["no-such-job", { id: "base" }, null, "base"],
  ["no-such-job", { name: "base" }, null, ""],
  [null, null, null, ""],
])("a job %s with the data %j and the result %j is about %j", (name, data, result, subject) => {
  expect(subjectOf({ name, data, result })).toBe(subject);
});

it("docs/jobs.md has every kind in its first table, with its queue, and no other", async () => {
  const text = await readFile(join(import.meta.dirname, "../../docs/jobs.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([a-z]+)` +\| `([a-z-]+)` +\|/gm)].map(([, queue, job]) => [
    job,
    queue,
  ]);
  expect(rows.sort()).toEqual(jobNames.map((name) => [name, contract[name].queue]).sort());
});
