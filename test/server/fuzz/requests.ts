// Requests for fast-check, from the document: right ones, ones that are wrong in a place or two, and ones that are
// made to do harm.
import fc from "fast-check";
import type { Parameter } from "../../../src/server/openapi/components.js";
import { type JsonSchema, type Surroundings, valuesOf } from "../../support/http/json-schema-values.js";
import { hostileStrings, hostileValues, wrongValuesOf } from "../../support/http/wrong-values.js";
import type { Api, Operation } from "./api.js";
import type { HttpRequest } from "./send.js";

/** Who asks. */
export const callers = ["full", "read", "nobody", "stranger"] as const;
export type Caller = (typeof callers)[number];

export interface Trial {
  readonly operation: Operation;
  readonly kind: "right" | "wrong" | "hostile";
  readonly caller: Caller;
  /** Without what shows who asks. */
  readonly request: HttpRequest;
  /** The body as JSON, if it is some. */
  readonly json?: unknown;
  /** True for a method that the path may not have. */
  readonly isOtherMethod: boolean;
}

/** Any request to one of the operations. */
export function trialsOf(api: Api, known: Surroundings["known"]): fc.Arbitrary<Trial> {
  const surroundings = { resolve: api.resolve, ...(known && { known }) };
  const all = api.operations.map((operation) => trialsOfOperation(operation, surroundings));
  return fc.oneof(...all);
}

function trialsOfOperation(operation: Operation, surroundings: Surroundings): fc.Arbitrary<Trial> {
  const caller = fc.oneof(
    { weight: 9, arbitrary: fc.constant<Caller>("full") },
    { weight: 3, arbitrary: fc.constantFrom(...callers) },
  );
  const trial = (kind: Trial["kind"], parts: fc.Arbitrary<Parts>) =>
    fc.tuple(caller, parts).map(([by, { method = operation.method, target, headers, body }]) => ({
      ...{ operation, kind, caller: by, isOtherMethod: method !== operation.method },
      request: { method, target, headers: { ...body?.headers, ...headers }, body: body?.bytes },
      ...(body !== undefined && "json" in body ? { json: body.json } : {}),
    }));
  return fc.oneof(
    { weight: 5, arbitrary: trial("right", rightParts(operation, surroundings)) },
    { weight: 4, arbitrary: trial("wrong", wrongParts(operation, surroundings)) },
    { weight: 3, arbitrary: trial("hostile", hostileParts(operation, surroundings)) },
  );
}

interface Body {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

interface Parts {
  readonly method?: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body | undefined;
}

function rightParts(operation: Operation, surroundings: Surroundings): fc.Arbitrary<Parts> {
  const value = (parameter: Parameter) => parameterValues(parameter, surroundings);
  const body = bodiesOf(operation, surroundings, valuesOf);
  return fc
    .record({ target: targetsOf(operation, value), headers: headersOf(operation, value), body })
    .map((parts) => parts);
}

/** One of path, query, headers and body is wrong, at times two. */
function wrongParts(operation: Operation, surroundings: Surroundings): fc.Arbitrary<Parts> {
  const right = (parameter: Parameter) => parameterValues(parameter, surroundings);
  const wrong = (parameter: Parameter) =>
    fc.oneof(right(parameter), fc.constantFrom(...hostileStrings), fc.string({ unit: "binary" }));
  const hasBody = operation.description.requestBody !== undefined;
  const places = hasBody
    ? (["body", "body", "target", "headers"] as const)
    : (["target", "headers"] as const);
  return fc.constantFrom(...places).chain((place) =>
    fc.record({
      target: targetsOf(operation, place === "target" ? wrong : right),
      headers: fc
        .tuple(
          headersOf(operation, place === "headers" ? wrong : right),
          place === "headers" ? oddHeaders : fc.constant({}),
        )
        .map(([own, odd]) => ({ ...own, ...odd })),
      body: bodiesOf(operation, surroundings, place === "body" ? wrongValuesOf : valuesOf),
    }),
  );
}

function hostileParts(operation: Operation, surroundings: Surroundings): fc.Arbitrary<Parts> {
  const value = (parameter: Parameter) =>
    fc.oneof(parameterValues(parameter, surroundings), fc.constantFrom(...hostileStrings));
  const method = fc.constantFrom(
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "PROPFIND",
  );
  return fc.record({
    method: fc.oneof(
      { weight: 3, arbitrary: fc.constant(operation.method) },
      { weight: 1, arbitrary: method },
    ),
    target: fc.oneof(
      { weight: 3, arbitrary: targetsOf(operation, value) },
      { weight: 1, arbitrary: oddTargets(operation.path) },
    ),
    headers: fc.oneof(fc.constant({}), oddHeaders),
    body: fc.oneof(bodiesOf(operation, surroundings, wrongValuesOf), oddBodies),
  });
}

/** As text. A wait is short: what is tried here is not the clock. */
function parameterValues(parameter: Parameter, surroundings: Surroundings): fc.Arbitrary<string> {
  if (parameter.name === "wait") return fc.constantFrom("0", "1", "0.5", "2");
  return valuesOf(parameter.schema, surroundings, parameter.name).map((value) =>
    typeof value === "string" ? value : JSON.stringify(value),
  );
}

function targetsOf(
  { path, description: { parameters = [] } }: Operation,
  parameterOf: (parameter: Parameter) => fc.Arbitrary<string>,
): fc.Arbitrary<string> {
  const inPath = parameters.filter((parameter) => parameter.in === "path");
  const inQuery = parameters.filter((parameter) => parameter.in === "query");
  return fc
    .tuple(
      fc.tuple(...inPath.map(parameterOf)),
      fc.tuple(...inQuery.map((parameter) => maybe(parameter, parameterOf(parameter)))),
    )
    .map(([segments, values]) => {
      const filled = inPath.reduce(
        (text, { name }, at) =>
          text.replace(`{${name}}`, () => encodeURIComponent(wellFormed(segments[at] ?? ""))),
        path,
      );
      const query = inQuery.flatMap(({ name }, at) => {
        const value = values[at];
        return value === undefined ? [] : [`${name}=${encodeURIComponent(wellFormed(value))}`];
      });
      return query.length === 0 ? filled : `${filled}?${query.join("&")}`;
    });
}

function headersOf(
  { description: { parameters = [] } }: Operation,
  parameterOf: (parameter: Parameter) => fc.Arbitrary<string>,
): fc.Arbitrary<Record<string, string>> {
  const own = parameters.filter((parameter) => parameter.in === "header");
  return fc.tuple(...own.map((parameter) => maybe(parameter, parameterOf(parameter)))).map((values) =>
    Object.fromEntries(
      own.flatMap(({ name }, at) => {
        const value = values[at];
        return value === undefined ? [] : [[name.toLowerCase(), asHeader(value)]];
      }),
    ),
  );
}

function maybe(
  { required = false }: Parameter,
  value: fc.Arbitrary<string>,
): fc.Arbitrary<string | undefined> {
  return required ? value : fc.option(value, { nil: undefined, freq: 2 });
}

function bodiesOf(
  { description: { requestBody } }: Operation,
  surroundings: Surroundings,
  values: (schema: JsonSchema, surroundings: Surroundings) => fc.Arbitrary<unknown>,
): fc.Arbitrary<Body | undefined> {
  if (requestBody === undefined) return fc.constant(undefined);
  return fc.oneof(
    ...Object.entries(requestBody.content).map(([type, { schema = {} }]) =>
      type === "application/json" ? values(schema, surroundings).map(asJson) : rawBodies(type),
    ),
  );
}

function rawBodies(type: string): fc.Arbitrary<Body> {
  return fc
    .uint8Array({ maxLength: 3_000 })
    .map((bytes) => ({ bytes: Buffer.from(bytes), headers: { "content-type": type } }));
}

function asJson(json: unknown): Body {
  return {
    bytes: Buffer.from(JSON.stringify(json) ?? ""),
    headers: { "content-type": "application/json" },
    json,
  };
}

const types = [
  ...["application/json", "application/json; charset=utf-16", "text/plain", "application/octet-stream", ""],
  ...[
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "a",
    "application/json;",
  ],
];

/** Bodies that are no JSON, or JSON that is too much. */
const oddBodies: fc.Arbitrary<Body | undefined> = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(
        "",
        "{",
        "[",
        '{"a":',
        "nul",
        "\ufeff{}",
        '{"id":"a"}{"id":"b"}',
        "{'id': 1}",
        "NaN",
        "\0",
      ),
      fc.constantFrom(
        '{"__proto__":{"id":"a"}}',
        '{"id":"a","id":"b"}',
        '{"constructor":{"prototype":{}}}',
        "{}",
        "[]",
      ),
      fc.constantFrom(
        "[".repeat(100_000),
        '{"a":'.repeat(50_000),
        `"${"x".repeat(2 * 1024 ** 2)}"`,
        "9".repeat(10_000),
      ),
      fc
        .constantFrom(1e4, 1e5)
        .map((length) => JSON.stringify(new Array(length).fill({ name: "verify", data: {} }))),
      hostileValues.map((value) => JSON.stringify(value) ?? ""),
    ),
    fc.constantFrom(...types),
    fc.constantFrom({}, {}, {}, { "content-encoding": "gzip" }, { expect: "100-continue" }),
  )
  .map(([text, type, more]) => ({
    bytes: Buffer.from(text),
    headers: { ...(type === "" ? {} : { "content-type": type }), ...more },
  }));

/** Headers that mean something to some route, with values that mean nothing or too much. */
const oddHeaders: fc.Arbitrary<Record<string, string>> = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        ...[
          "idempotency-key",
          "last-event-id",
          "content-range",
          "content-digest",
          "digest",
          "range",
          "if-match",
        ],
        ...[
          "if-none-match",
          "if-modified-since",
          "accept",
          "accept-encoding",
          "cookie",
          "x-forwarded-for",
          "forwarded",
        ],
        ...[
          "x-http-method-override",
          "upgrade",
          "te",
          "origin",
          "sec-fetch-site",
          "if-range",
          "prefer",
          "referer",
        ],
      ),
      fc.oneof(
        fc.constantFrom(
          ...[
            "0-0",
            "1-1",
            "$",
            "99999999999999-0",
            "-1",
            "18446744073709551616-0",
            "0-18446744073709551616",
            "1",
          ],
          ...[
            "bytes 0-9/10",
            "bytes 0-9/*",
            "bytes 5-4/3",
            "bytes */10",
            "bytes 0-18446744073709551615/*",
            "items 1-2/3",
          ],
          ...[
            "bytes=0-",
            "bytes=-1",
            "bytes=0-0,5-6",
            "bytes=9-1",
            "sha-256=:AAAA:",
            "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
          ],
          ...["md5=:AAAA:", "SHA-256=x", "*", 'W/"x"', '"', "null", "stevedore-session=1.2.3", "cross-site"],
        ),
        fc.constantFrom(...hostileStrings).map(asHeader),
        fc.string({ unit: "binary" }).map(asHeader),
      ),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((entries) => Object.fromEntries(entries.map(([name, value]) => [name, value.slice(0, 4_000)])));

/** Paths near the operation's own, encoded as no one should. */
function oddTargets(path: string): fc.Arbitrary<string> {
  const odd = [
    "%",
    "%zz",
    "%ff",
    "%00",
    "%2f",
    "%2e%2e%2f",
    "%c0%af",
    "..",
    ".",
    "//",
    ";a=b",
    "\u00ff",
    "%25",
    "%u0041",
  ];
  const queries = [
    "?",
    "?&&&",
    "?a",
    "?limit",
    "?limit=1&limit=2",
    "?limit[]=1",
    "?wait=%ff",
    "?__proto__=1",
    "?%00=%00",
  ];
  return fc
    .tuple(
      fc.constantFrom(...odd),
      fc.constantFrom("", ...queries),
      fc.boolean(),
      fc.constantFrom("", "/", "//"),
    )
    .map(([text, query, isParameter, end]) => {
      const filled = isParameter
        ? path.replace(/\{[^}]+\}/g, text)
        : `${path.replace(/\{[^}]+\}/g, "a")}/${text}`;
      return `${filled}${end}${query}`;
    });
}

/** encodeURIComponent takes no half of a surrogate pair. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** What Node lets a header hold, in latin1: the rest of RFC 9110's field values is not its to send. */
function asHeader(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "?").slice(0, 4_000);
}
