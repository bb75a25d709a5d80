// Reads the JSON documents of the formats. They come from anywhere, so they have limits, and each error names the one.
import type { z } from "zod";
import { StevedoreError } from "../../terms/index.js";

/** The longest manifest, index or config, in bytes: what registries and their clients take. */
export const longestDocument = 4 * 1024 * 1024;

/** How deep arrays and objects may lie in one another: what is written of a document again must not exhaust the stack. */
const deepest = 200;

/** A byte order mark is no JSON. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a document by its schema, which must not change what it reads. Returns it as it stands there, with the fields
 * that the schema does not name.
 * @param name of the document, for messages
 * @throws `BAD_ARCHIVE`
 */
export function parseDocument<Schema extends z.ZodType>(
  bytes: Buffer,
  schema: Schema,
  name: string,
): z.output<Schema> {
  const value = parseJson(bytes, name);
  const parsed = schema.safeParse(value);
  if (parsed.success) return value as z.output<Schema>;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw bad(name, `${where}${issue?.message}`);
}

function parseJson(bytes: Buffer, name: string): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (error) {
    throw bad(name, "it is not UTF-8", error);
  }
  if (isDeep(text)) throw bad(name, `its arrays and objects lie more than ${deepest} deep in one another`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw bad(name, "it is not JSON", error);
  }
}

/** True if brackets outside of strings are nested too deep, whatever else is wrong with the text. One pass. */
function isDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString && character === "\\") at++;
    else if (character === '"') inString = !inString;
    else if (!inString && (character === "[" || character === "{")) depth++;
    else if (!inString && (character === "]" || character === "}")) depth--;
    if (depth > deepest) return true;
  }
  return false;
}

function bad(name: string, why: string, cause?: unknown): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", `${name} cannot be read: ${why}`, { cause });
}
