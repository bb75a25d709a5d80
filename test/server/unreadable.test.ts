// Records that cannot be read, over HTTP: the routes of jobs, the metrics, the dashboard's, and Bull Board's.
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import { useDock } from "../support/dock.js";
import { type HttpService, servingHttp } from "../support/http/http-server.js";
import { plant, poisons, strangers } from "../support/redis/poison.js";

const dock = useDock();
let redis: Redis;
beforeAll(() => {
  redis = new Redis(dock.redis);
});
afterAll(() => redis.disconnect());

const all = [...poisons, ...strangers];
const ids = all.map(({ id }) => id).sort();

/** A server of a graph in whose queue `checksum` all of them wait, and nobody serves. */
async function poisoned(use: (service: HttpService, prefix: string) => Promise<void>): Promise<void> {
  await servingHttp(
    dock,
    async (service) => {
      const prefix = `${keyPrefix(service.graphName)}:checksum:`;
      await plant(redis, prefix, all);
      await use(service, prefix);
    },
    { worker: false },
  );
}

it(
  "are listed, shown and cancelled by the API",
  () =>
    poisoned(async ({ ask }) => {
      const { status, body } = await ask("/api/v1/jobs?queue=checksum");
      expect([status, body.jobs?.map(({ id }: { id: string }) => id).sort()]).toEqual([200, ids]);
      expect(JSON.stringify(body).length).toBeLessThan(20_000);
      for (const path of ["/api/v1/queues", "/api/v1/overview", "/metrics"]) {
        expect([path, (await ask(path)).status]).toEqual([path, 200]);
      }
      for (const id of ids) {
        const path = `/api/v1/jobs/checksum/${encodeURIComponent(id)}`;
        for (const of of ["", "/log", "/children"]) {
          expect([id, of, (await ask(path + of)).status]).toEqual([id, of, 200]);
        }
        const cancelled = await ask(path, { method: "DELETE" });
        expect([id, cancelled.status, cancelled.body.state]).toEqual([id, 200, "cancelled"]);
      }
    }),
  60_000,
);

it(
  "are shown, removed and retried by Bull Board",
  () =>
    poisoned(async ({ ask, producer }, prefix) => {
      const board = "/queues/api/queues";
      for (const status of ["latest", "waiting"]) {
        const query = `activeQueue=checksum&status=${status}&page=1&jobsPerPage=50`;
        const { body } = await ask(`${board}?${query}`);
        const queue = body.queues?.find(({ name }: { name: string }) => name === "checksum");
        expect(queue?.jobs.map(({ id }: { id: string }) => id).sort(), JSON.stringify(body)).toEqual(ids);
      }
      const answers: unknown[] = [];
      const of = (id: string, what: string) => `${board}/checksum/${encodeURIComponent(id)}${what}`;
      for (const id of ids) {
        for (const what of ["", "/logs", "/flow"]) {
          const { status, body } = await ask(of(id, what));
          if (status >= 500) answers.push([id, what, status, body]);
        }
        for (const what of ["/promote", "/retry"]) {
          const { status, body } = await ask(of(id, what), { method: "PUT" });
          if (status >= 500) answers.push([id, what, status, body]);
        }
      }
      expect(answers).toEqual([]);
      for (const id of ids.slice(0, 5)) {
        const { status, body } = await ask(of(id, "/clean"), { method: "PUT" });
        expect([id, status, body]).toEqual([id, 204, ""]);
      }
      for (const id of ids.slice(5)) await producer.cancel(id);
      for (const id of ids.slice(5, 8)) {
        const { status, body } = await ask(of(id, "/retry"), { method: "PUT" });
        expect([id, status, body]).toEqual([id, 204, ""]);
      }
      for (const path of ["/retry/failed", "/empty", "/clean/failed", "/obliterate"]) {
        await plant(redis, prefix, all);
        const { status, body } = await ask(`${board}/checksum${path}`, { method: "PUT" });
        expect([path, status, body]).toEqual([path, expect.toSatisfy((code: number) => code < 500), body]);
      }
    }),
  60_000,
);
