// Makes the OpenAPI 3.1 document from the routes' schemas, and serves it and the pages that show it.
import { readFileSync } from "node:fs";
import swagger, { type SwaggerTransform } from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import { z } from "zod";
import { contract } from "../../jobs/index.js";
import { accessOf, sessionCookie } from "../auth/index.js";
import type { App } from "../context.js";
import { withHeader } from "../dashboard/index.js";
import { joinForms, type OpenApiDocument } from "./components.js";
import { addProblems } from "./problems.js";
import { pascalCase, typeRecords } from "./typed-records.js";

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

/** The path of the document. */
const documentPath = "/api/openapi.json";
/** The path of the pages. */
const pagesPath = "/api/docs";

const description = `Images and their layers, and the jobs that store, fingerprint, audit and mount them.

\`GET\` takes a token with the role \`read\`, everything else one with the role \`full\`; \`x-role\` says which. Whatever is
refused is answered with a problem document (RFC 9457) whose \`code\` is stable. Text for people is in \`docs/http-api.md\`.`;

const tags = [
  { name: "jobs", description: "Enqueue, wait, follow, cancel" },
  { name: "images", description: "What the graph holds" },
  { name: "schedules", description: "Jobs that come again and again" },
  { name: "workers", description: "Who works for the graph" },
  { name: "mounts", description: "Images as directories" },
  { name: "uploads", description: "Archives for `store` jobs" },
  { name: "exports", description: "Archives that `export` jobs made" },
  { name: "overview", description: "What the dashboard shows" },
  { name: "health", description: "For orchestrators and monitoring" },
  { name: "docs", description: "This document" },
];

/**
 * Collects all routes that are added later, and adds the document and its pages. The document needs no token: it holds no
 * secret, and is the same for every server of this version. The pages take the role `read`.
 */
export async function addOpenApi(app: App): Promise<void> {
  nameJobSchemas();
  await app.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Stevedore",
        version,
        description,
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/", description: "The server this document came from" }],
      tags,
      components: {
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer", description: "A token of the server" },
          cookie: {
            type: "apiKey",
            in: "cookie",
            name: sessionCookie,
            description: "What a login to the dashboard leaves",
          },
        },
      },
      security: [{ bearer: [] }, { cookie: [] }],
    },
    transform: describeRoute,
    transformObject: (document) =>
      addProblems(typeRecords(joinForms(jsonSchemaTransformObject(document) as OpenApiDocument))) as object,
  });
  app.get(
    documentPath,
    {
      config: { access: "anyone" },
      schema: {
        operationId: "getOpenApi",
        tags: ["docs"],
        summary: "This document",
        response: { 200: z.looseObject({ openapi: z.string() }).describe("An OpenAPI 3.1 document") },
      },
    },
    async () => ({ ...openApiDocument(app) }),
  );
  // No page of it has a script or an address of its own: the policy of all pages, which allows neither, holds here too.
  await app.register(async (scope) => {
    scope.addHook("onSend", async (_request, reply, payload) => {
      const isPage = String(reply.getHeader("content-type")).startsWith("text/html");
      return isPage && typeof payload === "string" ? withHeader(payload, pagesPath) : payload;
    });
    await scope.register(swaggerUi, {
      routePrefix: pagesPath,
      theme: { title: "Stevedore: the API" },
      uiConfig: { docExpansion: "list", defaultModelsExpandDepth: 0 },
    });
  });
}

/** The document of an app that is ready. */
export function openApiDocument(app: App): OpenApiDocument {
  return app.swagger() as unknown as OpenApiDocument;
}

/** Shows what is for programs: neither the dashboard's pages nor the document's own. */
const describeRoute: SwaggerTransform = (input) => {
  const { url, route } = input;
  const isForPrograms = url.startsWith("/api/") || ["/healthz", "/readyz", "/metrics"].includes(url);
  if (!isForPrograms || input.schema?.hide === true) return { url, schema: { hide: true } };
  const { schema } = jsonSchemaTransform(input);
  const role = accessOf(route.config, String(route.method));
  return {
    url,
    schema: {
      ...schema,
      "x-role": role,
      ...(role === "anyone" ? { security: [] } : {}),
    },
  };
};

/** Names the schemas of the jobs for the document: `StoreData`, `StoreResult`, … */
function nameJobSchemas(): void {
  for (const [job, { data, result }] of Object.entries(contract)) {
    const name = pascalCase(job);
    nameSchema(data, `${name}Data`);
    nameSchema(result, `${name}Result`);
  }
}

/** Two jobs may share a schema: it keeps its first name. */
function nameSchema(schema: z.ZodType, id: string): void {
  const known = z.globalRegistry.get(schema);
  if (known?.id === undefined) z.globalRegistry.add(schema, { ...known, id });
}
