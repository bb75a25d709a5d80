// Values that a JSON Schema may well refuse, for fast-check: one that it takes with something of it changed, and ones
// that are made to do harm.
import fc from "fast-check";
import { type JsonSchema, type Surroundings, valuesOf } from "./json-schema-values.js";

/** Strings that programs stumble over. */
export const hostileStrings: readonly string[] = [
  ...["", " ", "..", "../../etc/passwd", "/etc/passwd", "/", "a/b", ":tmp:", "-rf", "--", "%2e%2e%2f", "."],
  ...["\0", "a\0b", "\ud800", "\uffff", "\u202e", "é", "e\u0301", "💥", "\r\nX: y", "\u001b[2J", "\u2028"],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "null",
    "true",
    "0",
    "NaN",
    "1e999",
    "#{7*7}",
    "{{7*7}}",
    "$(id)",
  ],
  ...[
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "*",
    "[",
    "(",
    "\\",
    "{stevedore:x}",
    "x@y",
    "store@nowhere",
  ],
  ...["x".repeat(128), "x".repeat(129), "x".repeat(5_000), "💥".repeat(3_000)],
];

const hostileNumbers = [
  ...[-1, 0, -0, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 5e-324, 301, 501, 10_001],
];

/** Any of them, and other JSON. */
export const hostileValues: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...hostileStrings),
  fc.constantFrom<unknown>(...hostileNumbers),
  fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], { __proto__: null }, { length: -1 }),
  fc.string({ unit: "binary" }),
  fc.jsonValue(),
  fc.constantFrom(20, 200, 500).map(nested),
  fc.constantFrom(10, 10_000).map((length) => Array.from({ length }, (_, at) => at)),
);

/** A value the schema takes, changed in one to three places. */
export function wrongValuesOf(
  schema: JsonSchema,
  surroundings: Surroundings = {},
  name?: string,
): fc.Arbitrary<unknown> {
  const change = fc.tuple(fc.nat(), fc.nat(), hostileValues);
  return fc
    .tuple(valuesOf(schema, surroundings, name), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([value, changes]) =>
      changes.reduce((changed, [place, kind, other]) => change1(changed, place, kind, other), value),
    );
}

function change1(value: unknown, place: number, kind: number, other: unknown): unknown {
  const entries = value !== null && typeof value === "object" ? Object.entries(value) : [];
  // At its own top as often as below one of its members.
  const at = place % (entries.length + 1);
  const entry = entries[at];
  if (entry === undefined) return entries.length === 0 ? other : changeMembers(value as object, kind, other);
  const [key, member] = entry;
  const changed = change1(member, Math.floor(place / (entries.length + 1)), kind, other);
  if (Array.isArray(value)) return value.map((item, index) => (String(index) === key ? changed : item));
  return { ...(value as object), [key]: changed };
}

function changeMembers(value: object, kind: number, other: unknown): unknown {
  const keys = Object.keys(value);
  const key = keys[kind % keys.length] ?? "";
  switch (kind % 5) {
    case 0:
      return other;
    case 1:
      return [value];
    case 2:
      return Array.isArray(value) ? [...value, other] : { ...value, [`x${kind % 100}`]: other };
    case 3:
      return Array.isArray(value) ? [] : { ...value, [key]: other };
    default:
      return Array.isArray(value)
        ? [other]
        : Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  }
}

function nested(depth: number): unknown {
  let value: unknown = 7;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { id: value };
  return value;
}
