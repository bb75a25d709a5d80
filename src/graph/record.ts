// An image's record, the file `json`: what Docker 0.3 writes of an image, read strictly and written in its order.
import { assertId, quote, StevedoreError } from "../terms/index.js";
import { makeId } from "./id.js";

/** A record as it was read. Fields that are not named here are kept as they are. */
export interface ImageRecord {
  readonly id: string;
  readonly parent?: string | null;
  readonly comment?: string | null;
  /** RFC 3339, in Docker's own with nanoseconds. */
  readonly created?: string | null;
  readonly container?: string | null;
  readonly container_config?: object | null;
  readonly docker_version?: string | null;
  readonly author?: string | null;
  readonly config?: object | null;
  readonly [field: string]: unknown;
}

/** What a new record is made from. */
export type RecordFields = { readonly [field in keyof ImageRecord]?: ImageRecord[field] | undefined };

/** The order in which Docker 0.3 writes the fields of its `Image` struct. */
const fieldOrder = [
  "id",
  "parent",
  "comment",
  "created",
  "container",
  "container_config",
  "docker_version",
  "author",
  "config",
];
const textFields = ["comment", "created", "container", "docker_version", "author"];
/** A byte order mark is not valid JSON, so it is not skipped. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const objectFields = ["container_config", "config"];

/**
 * Makes the bytes of a record: Docker's fields in Docker's order, then the unknown ones in theirs. An `id`
 * and `created` (now) are made where they are missing; of Docker's other fields the empty ones are left out,
 * but for `container_config`, which is then `{}`.
 * @throws `INVALID_ID` for an `id` or `parent` that is none, `IMAGE_BROKEN` for another field of the wrong type
 */
export function makeRecord(fields: RecordFields): Buffer {
  const given = Object.entries(fields).filter(([name, value]) => !isEmpty(name, value));
  const values = new Map<string, unknown>([
    ["id", makeId()],
    ["created", new Date().toISOString()],
    ["container_config", {}],
    ...given,
  ]);
  const names = new Set([...fieldOrder.filter((name) => values.has(name)), ...values.keys()]);
  // Written by hand: an object would put a field that is named like a number first.
  const members = [...names].map((name) => `${JSON.stringify(name)}:${JSON.stringify(values.get(name))}`);
  const bytes = Buffer.from(`{${members.join(",")}}`);
  parseRecord(bytes);
  return bytes;
}

/**
 * Reads a record. It must be a JSON object in UTF-8 with an `id`; `parent`, if there is one, must be an id,
 * and Docker's other fields must have Docker's types.
 * @throws `INVALID_ID`, else `IMAGE_BROKEN`
 */
export function parseRecord(bytes: Buffer): ImageRecord {
  const record = parseObject(bytes);
  assertId(record.id);
  if (parentOf(record) !== null) assertId(record.parent);
  for (const name of textFields) {
    const value = record[name] ?? "";
    if (typeof value !== "string") throw broken(`its field ${name} is not a string`);
  }
  for (const name of objectFields) {
    if (!isObject(record[name] ?? {})) throw broken(`its field ${name} is not an object`);
  }
  return record as unknown as ImageRecord;
}

/** The id of the parent, or null: Docker leaves the field out, others write `""` or `null`. */
export function parentOf(record: { readonly parent?: unknown }): string | null {
  return record.parent === undefined || record.parent === "" ? null : (record.parent as string | null);
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    const why = error instanceof SyntaxError ? `not JSON (${quote(error.message)})` : "not valid UTF-8";
    throw broken(`it is ${why}`, error);
  }
  if (!isObject(value)) throw broken("it is not a JSON object");
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(name: string, value: unknown): boolean {
  return value === undefined || (fieldOrder.includes(name) && (value === null || value === ""));
}

function broken(why: string, cause?: unknown): StevedoreError {
  return new StevedoreError("IMAGE_BROKEN", `bad image record: ${why}`, { cause });
}
