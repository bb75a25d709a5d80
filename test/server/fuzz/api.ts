// The API as its OpenAPI document tells of it: the operations, and judges of what they answer.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type {
  Operation as Description,
  OpenApiDocument,
  Response,
} from "../../../src/server/openapi/components.js";
import type { JsonSchema } from "../../support/http/json-schema-values.js";

export interface Operation {
  readonly id: string;
  /** In capitals. */
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly description: Description;
}

/** What an answer of some status and media type is to be. */
export type Judge = (body: unknown) => string | undefined;

export interface Api {
  readonly operations: readonly Operation[];
  /** What a `$ref` of the document refers to. */
  readonly resolve: (reference: string) => JsonSchema;
  /** The documented response of a status; undefined if the document tells of none. */
  responseOf(operation: Operation, status: number): Response | undefined;
  /** Judges a value by a schema of the document: undefined if it is right, else what is wrong. */
  judge(schema: JsonSchema, value: unknown): string | undefined;
}

/** Reads a document. */
export function readApi(document: OpenApiDocument): Api {
  const ajv = new Ajv2020({ strict: false, validateFormats: true });
  addFormats.default(ajv);
  ajv.addSchema(document, "api");
  const compiled = new Map<string, ValidateFunction>();
  const resolve = (reference: string): JsonSchema => {
    const at = reference.replace(/^#\//, "").split("/");
    return at.reduce<unknown>(
      (part, name) => (part as Record<string, unknown>)[name],
      document,
    ) as JsonSchema;
  };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, description]) => ({
      id: description.operationId ?? `${method} ${path}`,
      method: method.toUpperCase(),
      path,
      description,
    })),
  );
  return {
    operations,
    resolve,
    responseOf({ description: { responses } }, status) {
      const response = responses[status] ?? responses.default;
      if (response === undefined || !("$ref" in response)) return response as Response | undefined;
      return resolve((response as { $ref: string }).$ref) as unknown as Response;
    },
    judge(schema, value) {
      const key = JSON.stringify(schema);
      // References of a schema that stands in the document are to be read from there.
      const judge =
        compiled.get(key) ?? ajv.compile(JSON.parse(key.replaceAll('"$ref":"#/', '"$ref":"api#/')));
      compiled.set(key, judge);
      return judge(value) ? undefined : ajv.errorsText(judge.errors);
    },
  };
}
