// Requests that name the type of a body which they do not have.
import { expect, it } from "vitest";
import { useDock } from "../support/dock.js";
import { servingHttp } from "../support/http/http-server.js";

const dock = useDock();
const types = ["application/json", "text/plain", "application/x-www-form-urlencoded", "no type"];

it("are taken by routes that take no body, whatever type they name", async () => {
  await servingHttp(
    dock,
    async ({ url, producer }) => {
      for (const type of types) {
        const { id, queue } = await producer.enqueue("checksum", { id: "nothing" });
        const headers = { "content-type": type };
        const answer = await fetch(`${url}/api/v1/jobs/${queue}/${id}`, { method: "DELETE", headers });
        expect([type, answer.status]).toEqual([type, 200]);
      }
    },
    { worker: false },
  );
});

it("are refused by routes that take one", async () => {
  await servingHttp(
    dock,
    async ({ url, producer }) => {
      for (const type of types) {
        const headers = { "content-type": type };
        const answer = await fetch(`${url}/api/v1/jobs/checksum`, { method: "POST", headers });
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
      }
      expect(await producer.counts()).toMatchObject({ checksum: { waiting: 0 } });
    },
    { worker: false },
  );
});
