import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import { expectNothingLeft, useDock } from "../support/dock.js";

const dock = useDock();

describe("job data that another client put into Redis unchecked", () => {
  it.each([
    ["no object", "store", 7, "INVALID_JOB"],
    ["nothing", "store", null, "INVALID_JOB"],
    ["no layer", "store", {}, "INVALID_JOB"],
    ["a layer that is none", "store", { layer: "x" }, "INVALID_JOB"],
    ["an id that climbs", "store", { image: { id: "../../etc" }, layer: { path: "/x" } }, "INVALID_ID"],
    ["a parent with NUL", "store", { image: { parent: "a\0b" }, layer: { path: "/x" } }, "INVALID_ID"],
    ["an upload that climbs", "store", { layer: { upload: "../checksums" } }, "INVALID_JOB"],
    ["a recipe of its own", "checksum", { id: "a", recipe: "sha1" }, "UNKNOWN_RECIPE"],
    ["an id that begins with :", "checksum", { id: ":b" }, "INVALID_ID"],
    ["the staging directory", "delete", { id: ":tmp:" }, "INVALID_ID"],
    ["a job nobody knows", "format-disk", {}, "INVALID_JOB"],
  ])("fails at once with a code and is not tried again: %s", (_what, name, data, code) =>
    dock.serving(async ({ producer, graphName, root }) => {
      const connection = new Redis(dock.redis, { maxRetriesPerRequest: null });
      const queue = new Queue(name === "checksum" ? "checksum" : "store", {
        connection,
        prefix: keyPrefix(graphName),
      });
      try {
        const { id = "" } = await queue.add(name, data, { attempts: 3, backoff: 10 });
        await producer.wait({ id, name: "store", queue: queue.name as "store" }).catch(() => undefined);
        const record = await producer.job(id);
        expect(record).toMatchObject({ state: "failed", attempts: 1 });
        expect(record?.failedReason).toMatch(new RegExp(`^${code}: `));
        expectNothingLeft(root);
      } finally {
        await queue.close();
        connection.disconnect();
      }
    }),
  );
});

describe("a job that another client added to a wrong queue", () => {
  const host = "dockside";
  it.each([
    ["store", "checksum", { id: "a" }, "checksum"],
    ["mount", "delete", { id: "a" }, "store"],
    ["checksum", "store", { layer: { path: "/nothing" } }, "store"],
    [`store@${host}`, "verify", { id: "a" }, "checksum"],
    ["store", "unmount", { mountId: "0123456789abcdef", host: "far" }, "mount@far"],
  ])("fails at once, and names the right one: in %s, %s", (name, job, data, right) =>
    dock.serving(
      async ({ producer, graphName }) => {
        const connection = new Redis(dock.redis, { maxRetriesPerRequest: null });
        const queue = new Queue(name, { connection, prefix: keyPrefix(graphName) });
        try {
          const { id = "" } = await queue.add(job, data, { jobId: "astray", attempts: 3 });
          await producer.wait({ id, name: "store", queue: name as "store" }).catch(() => undefined);
          expect(await producer.job(id)).toMatchObject({
            ...{ state: "failed", attempts: 1, queue: name },
            failedReason: `INVALID_JOB: a job ${job} with this data belongs in the queue ${right}, not in ${name}`,
          });
        } finally {
          await queue.close();
          connection.disconnect();
        }
      },
      { host },
    ),
  );
});
