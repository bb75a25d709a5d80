// Parameters of a query that no route knows.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { useDock } from "../support/dock.js";
import { servingHttp } from "../support/http/http-server.js";

const dock = useDock();
const { paths } = JSON.parse(readFileSync("docs/openapi.json", "utf8")) as {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly parameters?: { in: string; name: string }[] }>>>
  >;
};

it("are refused by every route that is read or deleted, by their names", async () => {
  await servingHttp(
    dock,
    async ({ ask }) => {
      const routes = Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, { parameters = [] }]) => ({ path, method, parameters })),
      );
      const asked = routes.filter(
        ({ path, method }) => path.startsWith("/api/") && ["get", "delete"].includes(method),
      );
      expect(asked.length).toBeGreaterThan(15);
      for (const { path, method, parameters } of asked) {
        const url = `${path.replaceAll(/\{\w+\}/g, "a")}?imagge=x`;
        const { status, body } = await ask(url, { method: method.toUpperCase() });
        const known = parameters.filter((each) => each.in === "query").map(({ name }) => name);
        expect([method, path, status, body.code]).toEqual([method, path, 400, "INVALID_REQUEST"]);
        expect(body.detail).toContain('there is no parameter "imagge"');
        for (const name of known) expect(body.detail).toContain(name);
      }
    },
    { worker: false },
  );
});

it("are refused where jobs are enqueued, and nothing is enqueued", async () => {
  await servingHttp(
    dock,
    async ({ ask }) => {
      const post = { method: "POST", body: { id: "a" } };
      expect(await ask("/api/v1/jobs/checksum?Wait=1&x=2", post)).toMatchObject({
        status: 400,
        body: {
          detail: 'querystring: there are no parameters "Wait", "x": it takes wait, priority, delayMs',
        },
      });
      const { body } = await ask("/api/v1/jobs");
      expect(body.jobs).toEqual([]);
    },
    { worker: false },
  );
});

it("are nothing to monitors, which add what they like", async () => {
  await servingHttp(dock, async ({ ask }) => expect((await ask("/healthz?at=1")).status).toBe(200), {
    worker: false,
  });
});
