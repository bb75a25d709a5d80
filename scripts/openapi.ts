// Writes docs/openapi.json, the document of the HTTP API, and schemas/, the JSON Schemas of the jobs.
//
//   npm run openapi
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { documentFile, jobSchemaFiles } from "./written-schemas.js";

const project = join(import.meta.dirname, "..");
const schemas = join(project, "schemas");

const files = jobSchemaFiles();
rmSync(schemas, { recursive: true, force: true });
mkdirSync(schemas);
for (const [name, text] of files) writeFileSync(join(schemas, name), text);
const document = await documentFile();
writeFileSync(join(project, "docs/openapi.json"), document);
console.log(
  `openapi: wrote docs/openapi.json (${document.length} bytes) and ${files.size} files of schemas/`,
);
