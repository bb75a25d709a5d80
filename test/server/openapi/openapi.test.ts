// The OpenAPI document: whole, valid, current, and true of what a running server answers.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { documentFile } from "../../../scripts/written-schemas.js";
import { contractAsJsonSchema } from "../../../src/jobs/index.js";
import { type RunningServer, startServer } from "../../../src/server/index.js";
import type { OpenApiDocument } from "../../../src/server/openapi/components.js";
import { openDatabase, type TestDatabase } from "../../support/redis/shared-redis.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const project = join(import.meta.dirname, "../../..");
const scratch = useScratchDirectory();
const token = "full-0123456789abcdef";
let redis: TestDatabase;
let server: RunningServer;
let document: OpenApiDocument & { readonly tags: readonly { readonly name: string }[] };

beforeAll(async () => {
  redis = await openDatabase();
  const tokens = [{ role: "full", secret: token }] as const;
  server = await startServer({ redis: redis.url, root: await scratch.fresh(), tokens });
  document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as typeof document;
});

afterAll(async () => {
  await server?.close();
  await redis?.[Symbol.asyncDispose]();
});

describe("the document", () => {
  it("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document) as object as Record<string, unknown>)).toEqual({
      valid: true,
    });
    expect(validator.version).toBe("3.1");
  });

  it("is the one that is checked in: npm run openapi writes it", async () => {
    const written = await readFile(join(project, "docs/openapi.json"), "utf8");
    expect(JSON.parse(written)).toEqual(document);
    expect(await documentFile()).toBe(written);
  });

  it("names the schemas of the jobs for itself alone: those for other languages stand by themselves", () => {
    expect(JSON.stringify(contractAsJsonSchema())).not.toContain("$ref");
  });

  it("tells of every route's name, summary and part of the API", () => {
    const names = new Set<string>();
    const tags = document.tags.map(({ name }) => name);
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const { operationId = "", summary, tags: [tag, ...others] = [] } = operation;
        const route = `${method} ${path}`;
        expect(operationId, route).toMatch(/^[a-z][A-Za-z0-9]+$/);
        expect(names.has(operationId), `${operationId} of ${route} is another's too`).toBe(false);
        names.add(operationId);
        expect(summary, route).toMatch(/^\S.*\S$/);
        expect(tags, route).toContain(tag);
        expect(others, route).toEqual([]);
      }
    }
  });

  it("tells of a problem document for all that any route refuses", () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, { responses, requestBody }] of Object.entries(operations)) {
        const least = [400, 401, 403, 429, 503, ...(requestBody === undefined ? [] : [413, 415, 422])];
        expect(Object.keys(responses).map(Number), `${method} ${path}`).toEqual(
          expect.arrayContaining(least),
        );
      }
    }
  });

  it("names the data and the result of every job, and refers to nothing that is not there", () => {
    const { schemas, responses = {} } = document.components;
    expect(Object.keys(schemas)).toEqual(
      expect.arrayContaining(["StoreData", "StoreResult", "VerifyGraphData", "VerifyGraphResult", "Problem"]),
    );
    const there = [
      ...Object.keys(schemas).map((name) => `#/components/schemas/${name}`),
      ...Object.keys(responses).map((name) => `#/components/responses/${name}`),
    ];
    for (const [, reference] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)) {
      expect(there).toContain(reference);
    }
  });
});

describe("its pages", () => {
  const get = (path: string) =>
    fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${token}` } });

  it("come from this host alone, and run no script that stands in a page", async () => {
    const page = await get("/api/docs");
    expect(page.status).toBe(200);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/(^|;)default-src 'self'(;|$)/);
    expect(policy).not.toMatch(/script-src|https?:/);
    const html = await page.text();
    const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address = ""]) => address);
    const own = addresses.filter((address) => address.startsWith("/api/docs/static/"));
    expect(own.length).toBeGreaterThan(4);
    for (const address of own) expect((await get(address)).status, address).toBe(200);
    // The others are those of the dashboard's header.
    for (const address of addresses.filter((each) => !own.includes(each))) {
      expect(address).toMatch(/^\/(?!\/)/);
    }
    expect(html).not.toMatch(/<script(?![^>]*src=)/);
  });

  it("are for those who may read", async () => {
    expect((await fetch(`${server.url}/api/docs`, { redirect: "manual" })).status).not.toBe(200);
    expect((await fetch(`${server.url}/api/docs/json`, { redirect: "manual" })).status).not.toBe(200);
  });
});
