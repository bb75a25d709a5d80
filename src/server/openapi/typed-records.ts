// Tells of the results of jobs by their kinds: the routes share one schema of records, whose result is anything.
import { z } from "zod";
import { contract, type JobName, jobNames } from "../../jobs/index.js";
import type { JsonSchema, OpenApiDocument, Operation } from "./components.js";

const prefix = "#/components/schemas/";
const anyRecord = `${prefix}JobRecord`;
const none: JsonSchema = { type: "null" };

/**
 * Makes `JobRecord` one of `StoreJob`, `ChecksumJob` …, which the name tells apart, or `OtherJob`, which has no result: no
 * worker of this graph runs it. What enqueues a kind answers with a record of that kind.
 */
export function typeRecords(document: OpenApiDocument): OpenApiDocument {
  const { schemas } = document.components;
  const { properties, ...record } = schemas.JobRecord as JsonSchema & { readonly properties: JsonSchema };
  const recordOf = (name: JsonSchema, result: JsonSchema): JsonSchema => ({
    ...record,
    properties: { ...properties, name, result },
  });
  const kinds = jobNames.map((name): [string, JsonSchema] => [
    componentOf(name),
    recordOf({ type: "string", const: name }, { anyOf: [resultOf(name), none] }),
  ]);
  const other = recordOf({ type: "string", not: { enum: [...jobNames] } }, none);
  const named = Object.fromEntries([...kinds, ["OtherJob", other]]);
  const union = { oneOf: Object.keys(named).map((name) => ({ $ref: prefix + name })) };
  const all = Object.entries({ ...schemas, ...named, JobRecord: union });
  return {
    ...document,
    paths: Object.fromEntries(
      Object.entries(document.paths).map(([path, operations]) => {
        const name = jobNames.find((each) => path === `/api/v1/jobs/${each}`);
        const { post } = operations;
        return [path, name && post ? { ...operations, post: typeAnswers(post, name) } : operations];
      }),
    ),
    components: {
      ...document.components,
      schemas: Object.fromEntries(all.sort(([one], [another]) => (one < another ? -1 : 1))),
    },
  };
}

/** A job that is waited for has completed where the answer is 200. */
function typeAnswers(operation: Operation, name: JobName): Operation {
  const ofKind = { $ref: prefix + componentOf(name) };
  const completed = {
    type: "object",
    properties: { state: { type: "string", const: "completed" }, result: resultOf(name) },
  };
  const schemaOf = (status: string) => (status === "200" ? { allOf: [ofKind, completed] } : ofKind);
  return {
    ...operation,
    responses: Object.fromEntries(
      Object.entries(operation.responses).map(([status, response]) => {
        if (!("content" in response)) return [status, response];
        const media = response.content?.["application/json"];
        if (media?.schema.$ref !== anyRecord) return [status, response];
        return [
          status,
          { ...response, content: { "application/json": { ...media, schema: schemaOf(status) } } },
        ];
      }),
    ),
  };
}

function componentOf(name: JobName): string {
  return `${pascalCase(name)}Job`;
}

/** The name of a job as schemas begin with it: `VerifyGraph`. */
export function pascalCase(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.slice(-1).toUpperCase());
}

function resultOf(name: JobName): JsonSchema {
  return { $ref: `${prefix}${z.globalRegistry.get(contract[name].result)?.id}` };
}
