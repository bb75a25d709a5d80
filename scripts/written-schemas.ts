// What is checked in of the API and of the jobs for other languages, made from the sources.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openGraph } from "../src/graph/index.js";
import { compressAsJsonSchema, contractAsJsonSchema } from "../src/jobs/index.js";
import { openProducer } from "../src/producer/index.js";
import { openApiDocument } from "../src/server/openapi/openapi.js";
import { buildApp } from "../src/server/server.js";

/** The JSON Schemas (draft 2020-12) of the jobs: the files of schemas/ by their names. */
export function jobSchemaFiles(): Map<string, string> {
  const { jobs, progress, errorCodes } = contractAsJsonSchema();
  const files = new Map<string, string>();
  const add = (name: string, title: string, schema: object) => {
    const { $schema = "https://json-schema.org/draft/2020-12/schema", ...rest } = schema as {
      $schema?: string;
    };
    files.set(`${name}.json`, asText({ $schema, $id: `urn:stevedore:schemas:${name}`, title, ...rest }));
  };
  for (const [job, { data, result }] of Object.entries(jobs)) {
    add(`${job}.data`, `What a job ${job} is given`, data);
    add(`${job}.result`, `What a job ${job} has found or done`, result);
  }
  const compress = compressAsJsonSchema();
  add("compress.data", "What a compressor is told of a block", compress.data);
  add("compress.result", "What a compressor answers when the block is compressed", compress.result);
  add("progress", "How far a job that runs has come", progress);
  add("error-code", "Why a job failed", { type: "string", enum: errorCodes });
  return files;
}

/** The text of docs/openapi.json. The app it comes from does not listen, and connects to no Redis. */
export async function documentFile(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "stevedore-openapi-"));
  const redis = "redis://127.0.0.1:1";
  const producer = openProducer({ redis });
  const graph = await openGraph(root, { create: true });
  const stopping = new AbortController();
  const app = await buildApp({
    ...{ producer, graph, graphName: "default", root, redis, tokens: [], maxUploadBytes: 1 },
    log: () => {},
    logsOutages: false,
    signal: stopping.signal,
  });
  try {
    await app.ready();
    return asText(openApiDocument(app));
  } finally {
    stopping.abort();
    await app.close();
    await producer.close();
    await graph.close();
    await rm(root, { recursive: true, force: true });
  }
}

function asText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
