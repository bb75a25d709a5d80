// Parses the JSON documents of the formats. They are untrusted: size and depth are limited, and errors name the
// document.
import type { z } from "zod";
import { onOneLine, StevedoreError } from "../../terms/index.js";

/** The longest manifest, index or config, in bytes: registries and their clients accept no more. */
export const longestDocument = 4 * 1024 * 1024;

/** How deep arrays and objects may be nested: writing a document again must not exhaust the stack. */
const deepest = 200;

/** Keeps a byte order mark, which JSON.parse then refuses. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Parses a document and checks it by a schema, which must not transform it. The result keeps the fields that the schema
 * does not name.
 * @param name the name of the document, for messages
 * @throws `BAD_ARCHIVE` if it is not such a document
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
  const where = issue === undefined || issue.path.length === 0 ? "" : `${onOneLine(issue.path.join("."))}: `;
  throw bad(name, `${where}${issue?.message}`);
}

function parseJson(bytes: Buffer, name: string): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (error) {
    throw bad(name, "it is not UTF-8", error);
  }
  if (isDeep(text)) throw bad(name, `its arrays and objects are nested more than ${deepest} deep`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw bad(name, "it is not JSON", error);
  }
}

/** True if brackets outside of strings are nested too deep. Works for texts that are not JSON, too. */
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
