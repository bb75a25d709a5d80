// A queue that somebody has paused, as the server tells of it.
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import { useDock } from "../support/dock.js";
import { parseExposition, valueOfSeries } from "../support/http/exposition.js";
import { type HttpService, servingHttp } from "../support/http/http-server.js";

const dock = useDock();

it("a paused queue is in the queues, the readiness, the overview and the metrics until it is resumed", () =>
  servingHttp(dock, async ({ ask, graphName }) => {
    const connection = new Redis(dock.redis, { maxRetriesPerRequest: null });
    const queue = new Queue("checksum", { connection, prefix: keyPrefix(graphName) });
    await queue.pause();
    expect(await toldBy(ask)).toEqual({
      lists: [["checksum"], ["checksum"], ["checksum"]],
      gauges: [0, 1, 0],
    });
    expect(await ask("/readyz")).toMatchObject({ status: 200, body: { ready: true } });
    await queue.resume();
    expect(await toldBy(ask)).toEqual({ lists: [[], [], []], gauges: [0, 0, 0] });
    await queue.close();
    connection.disconnect();
  }));

async function toldBy(ask: HttpService["ask"]) {
  const answers = await Promise.all(
    ["/api/v1/queues", "/readyz", "/api/v1/overview"].map((path) => ask(path)),
  );
  const page = parseExposition((await ask("/metrics")).body);
  return {
    lists: answers.map(({ body }) => body.paused),
    gauges: ["store", "checksum", "mount"].map((queue) =>
      valueOfSeries(page, "stevedore_queue_paused", { queue }),
    ),
  };
}
