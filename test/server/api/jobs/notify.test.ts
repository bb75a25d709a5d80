// Callbacks over HTTP: by headers for one job, in the body for many and for schedules, seen in the record and the metrics.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { useDock } from "../../../support/dock.js";
import { servingHttp } from "../../../support/http/http-server.js";
import { startReceiver } from "../../../support/http/receiver.js";

const dock = useDock();
const post = (headers: Readonly<Record<string, string>>) => ({ body: { id: "no-such-image" }, headers });

it("a job's end is told as asked for by headers, by a job of many and by a schedule", async () => {
  await using receiver = await startReceiver();
  const file = join(dock.scratch, "secret");
  writeFileSync(file, `whsec_${Buffer.alloc(32, 7).toString("base64")}`, { mode: 0o600 });
  await servingHttp(
    dock,
    async ({ ask }) => {
      const one = await ask(
        "/api/v1/jobs/checksum",
        post({
          "stevedore-notify": `${receiver.url}/one?token=x`,
          "stevedore-notify-events": "failed, cancelled",
        }),
      );
      expect(one).toMatchObject({
        status: 202,
        body: { notify: [{ url: `${receiver.url}/one?…`, events: ["failed", "cancelled"] }] },
      });
      const many = await ask("/api/v1/jobs", {
        body: [{ name: "verify", data: { id: "no-such-image" }, notify: { url: `${receiver.url}/many` } }],
      });
      expect(many.status).toBe(202);
      const schedule = await ask("/api/v1/schedules", {
        body: { name: "gc", cron: "* * * * * *", notify: { url: `${receiver.url}/often` } },
      });
      expect(schedule.status).toBe(201);
      await vi.waitFor(
        () =>
          expect(new Set(receiver.received.map(({ path }) => path))).toEqual(
            new Set(["/one?token=x", "/many", "/often"]),
          ),
        { timeout: 30_000 },
      );
      await ask("/api/v1/schedules/gc", { method: "DELETE" });
      const record = await vi.waitFor(async () => {
        const { body } = await ask(`/api/v1/jobs/checksum/${one.body.id}`);
        expect(body.notify).toMatchObject([{ state: "delivered", attempts: 1 }]);
        return body;
      });
      const told = receiver.received.find(({ path }) => path === "/one?token=x");
      expect({ ...told?.json, notify: record.notify }).toEqual(record);
      const page = await ask("/metrics");
      expect(page.body).toMatch(/^stevedore_notifications_waiting \d+$/m);
      expect(page.body).toMatch(/^stevedore_notifications_undelivered 0$/m);
    },
    {
      worker: {
        ...{ notifyHosts: [receiver.host], notifySecretFile: file, allowPrivateAddresses: true },
        timing: { callbackInterval: 100 },
      },
    },
  );
});

it("what is no callback is refused by name, and nothing is enqueued", () =>
  servingHttp(
    dock,
    async ({ ask, producer }) => {
      for (const headers of [
        { "stevedore-notify": "ftp://a.example/" },
        { "stevedore-notify": "http://user:password@a.example/" },
        { "stevedore-notify": `http://a.example/${"x".repeat(2_000)}` },
        { "stevedore-notify": "http://a.example/", "stevedore-notify-events": "done" },
        { "stevedore-notify-events": "failed" },
      ]) {
        expect(await ask("/api/v1/jobs/checksum", post(headers))).toMatchObject({
          status: 422,
          body: { code: "INVALID_JOB", detail: expect.stringMatching(/^notify\./) },
        });
      }
      const job = { name: "verify", data: { id: "a" } };
      expect(await ask("/api/v1/jobs", { body: [job, { ...job, notify: { url: "a" } }] })).toMatchObject({
        status: 422,
        body: { code: "INVALID_JOB", detail: expect.stringContaining("notify.url") },
      });
      const headers = { "stevedore-notify": "http://a.example/" };
      expect(await ask("/api/v1/jobs", { body: [job], headers })).toMatchObject({ status: 400 });
      expect((await producer.counts()).checksum.waiting).toBe(0);
    },
    { worker: false },
  ));
