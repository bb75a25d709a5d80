// Reads the JSON of a body whose limit is high, and refuses what would take far more memory as values than as text.
import type { App } from "../context.js";
import { HttpError } from "../problem.js";

/** Arrays, objects and commas outside of strings: as many as the values there are, about. A million ids have a million. */
const mostValues = 4_000_000;
/** The same besides the ids of a batch: each value that is wrong is a line of the answer. */
const mostOthers = 1_000_000;
/** Arrays and objects in one another: whatever walks them does so on its stack. */
const deepest = 100;

/** Has the JSON bodies of these routes read so. `__proto__` and the like are refused, as Fastify does by itself. */
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

/** The ids of a batch, or of the batches of an array of jobs, as far as they are text. */
function countIds(body: unknown): number {
  const lists = Array.isArray(body)
    ? body.map((job) => job?.data?.ids)
    : [(body as { ids?: unknown } | null)?.ids];
  return lists
    .filter(Array.isArray)
    .reduce((sum, ids) => sum + ids.filter((id: unknown) => typeof id === "string").length, 0);
}

/** Looks at JSON without reading it; for what is no JSON the numbers mean nothing. */
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
