// The lines of a job's log: what is notable, and nothing of what is done in an instant.
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type LogLine, openJobEvents } from "../../../src/producer/events/job-events.js";
import { openProducer, type Producer } from "../../../src/producer/index.js";
import { connectFailFast } from "../../../src/redis/connection.js";
import { startWorker } from "../../../src/worker/index.js";
import { runJob, useDock } from "../../support/dock.js";
import { writeSingleFileImage } from "../../support/images/single-file-image.js";

const dock = useDock();

/** The texts of a job's log, each of which has its time before it. */
async function textsOf(producer: Producer, id: string): Promise<string[]> {
  const lines = await producer.log(id);
  for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S/);
  return lines.map((line) => line.slice(line.indexOf(" ") + 1));
}

describe("a job's log", () => {
  it("has a line for the beginning, the phase and the end of one that lasts, each told of as an event", () =>
    dock.serving(
      async ({ producer, root, graphName }) => {
        const connection = connectFailFast(dock.redis, `{stevedore:${graphName}}`);
        const events = await openJobEvents(connection, dock.redis, graphName, "checksum");
        const heard: { readonly log: LogLine; readonly eventId: string }[] = [];
        events.listenToLog("the-job", (log, eventId) => heard.push({ log, eventId }));
        writeSingleFileImage(root, "large", 5_000_000);
        const job = await producer.enqueue("checksum", { id: "large" }, { jobId: "the-job" });
        const states: string[] = [];
        for await (const { state } of producer.follow(job)) states.push(state);
        expect(states.at(-1)).toBe("completed");
        const texts = await textsOf(producer, job.id);
        expect(texts).toEqual([
          "try 1 of 3 began on host dockside",
          "checksum of 5000000 bytes",
          expect.stringMatching(/^completed after \d+\.\d s$/),
        ]);
        // Told of before the end is.
        expect(heard.map(({ log }) => log.line)).toEqual(texts);
        expect(heard.map(({ eventId }) => eventId)).toEqual(
          heard.map(() => expect.stringMatching(/^\d+-\d+$/)),
        );
        expect(Math.abs(Date.now() - (heard[0]?.log.at ?? 0))).toBeLessThan(300_000);
        await events.close();
        connection.close();
      },
      { host: "dockside" },
    ));

  it("has what a job failed with, however soon, and is empty for one that is not there", () =>
    dock.serving(async ({ producer }) => {
      const job = await producer.enqueue("delete", { id: "nobody" });
      await expect(producer.wait(job)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
      const record = await producer.job(job.id);
      expect(await textsOf(producer, job.id)).toEqual([
        expect.stringMatching(/^try 1 of 3 began on host /),
        `failed: ${record?.failedReason}`,
      ]);
      expect(await producer.log("nobody")).toEqual([]);
    }));

  it("tells when one that failed is tried again, and each try by its number", () =>
    dock.serving(async ({ producer, root }) => {
      writeSingleFileImage(root, "a", 10);
      // A checksum that cannot be written: an error that time may heal.
      mkdirSync(join(root, "graph/a/checksum.json"));
      const job = await producer.enqueue("checksum", { id: "a" });
      await expect(producer.wait(job)).rejects.toMatchObject({ code: "INTERNAL" });
      const texts = (await textsOf(producer, job.id)).filter((text) => !text.startsWith("checksum of "));
      expect(texts).toEqual([
        expect.stringMatching(/^try 1 of 3 began/),
        expect.stringMatching(/^failed: INTERNAL: .*\(tried again in 1 s\)$/s),
        expect.stringMatching(/^try 2 of 3 began/),
        expect.stringMatching(/^failed: INTERNAL: .*\(tried again in 2 s\)$/s),
        expect.stringMatching(/^try 3 of 3 began/),
        expect.stringMatching(/^failed: INTERNAL: .*(?<!again in \d s\))$/s),
      ]);
    }));

  it("tells of one that was cancelled, and of one that a worker gave back", async () => {
    const root = mkdtempSync(join(dock.scratch, "root-"));
    const options = { redis: dock.redis, graph: "given-back", root };
    const producer = openProducer({ redis: options.redis, graph: options.graph });
    try {
      const first = await startWorker(options);
      writeSingleFileImage(root, "large", 60_000_000);
      const job = await producer.enqueue("checksum", { id: "large" });
      for await (const { progress } of producer.follow(job)) if (progress !== undefined) break;
      await first.close(0);
      expect((await textsOf(producer, job.id)).at(-1)).toBe(
        "given back to its queue: the worker is shutting down",
      );
      const second = await startWorker(options);
      for await (const { progress } of producer.follow(job)) if (progress !== undefined) break;
      await producer.cancel(job.id);
      expect((await textsOf(producer, job.id)).slice(-1)).toEqual(["cancelled"]);
      await second.close(0);
    } finally {
      await producer.close();
    }
  });

  it("is empty, and no event is told, where a job is done in an instant", () =>
    dock.serving(async ({ producer, root }) => {
      writeSingleFileImage(root, "a", 10);
      await runJob(producer, "checksum", { id: "a" });
      const ids: string[] = [];
      for (let n = 0; n < 20; n += 1) {
        const job = await producer.enqueue("checksum", { id: "a" });
        await producer.wait(job);
        ids.push(job.id);
      }
      const logs = await Promise.all(ids.map((id) => producer.log(id)));
      // On a machine that is busy one may have lasted.
      expect(logs.filter((lines) => lines.length === 0).length).toBeGreaterThan(10);
    }));
});
