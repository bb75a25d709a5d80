// Parses large JSON bodies, and refuses those whose values would take far more memory than their text.
import type { App } from "../context.js";
import { HttpError } from "../problem.js";

/** How many arrays, objects and commas a body may have, which is about its number of values. A million ids have a million. */
const mostValues = 4_000_000;
/** The same without the ids of batches: each wrong value becomes a line of the answer. */
const mostOthers = 1_000_000;
/** How deep arrays and objects may be nested: they are walked by recursion. */
const deepest = 100;

/** Parses the JSON bodies of an app's routes like this. `__proto__` and the like are refused, as Fastify's own parser does. */
export function readLargeJson(app: App): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    const { values, depth } = measure(body);
    if (depth > deepest)
      return done(new HttpError(422, "INVALID_JOB", `the JSON is nested more than ${deepest} deep`));
    if (values > mostValues) return done(tooMany());
    // Fastify's own parser takes text and calls back at once.
    return parse(request, body.toString("utf8"), (error, parsed) => {
      if (error === null && values - countIds(parsed) > mostOthers) done(tooMany());
      else done(error, parsed);
    });
  });
}

function tooMany(): HttpError {
  return new HttpError(413, "LIMIT_EXCEEDED", "the JSON has too many values");
}

/** Counts the ids that are strings, of a batch or of all batches in an array of jobs. */
function countIds(body: unknown): number {
  const lists = Array.isArray(body)
    ? body.map((job) => job?.data?.ids)
    : [(body as { ids?: unknown } | null)?.ids];
  return lists
    .filter(Array.isArray)
    .reduce((sum, ids) => sum + ids.filter((id: unknown) => typeof id === "string").length, 0);
}

/** Measures JSON without parsing it. For text that is not JSON the numbers mean nothing. */
function measure(json: Buffer): { readonly values: number; readonly depth: number } {
  let values = 0;
  let depth = 0;
  let open = 0;
  let isText = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (isText) {
      if (byte === backslash) at++;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (byte === comma) values++;
    else if (byte === bracket || byte === brace) {
      values++;
      open++;
      if (open > depth) depth = open;
    } else if (byte === endOfBracket || byte === endOfBrace) open--;
  }
  return { values, depth };
}

const [quote, backslash, comma, bracket, endOfBracket, brace, endOfBrace] = Buffer.from('"\\,[]{}');
