// Values that a JSON Schema takes, for fast-check: of the keywords that zod writes.
import fc from "fast-check";

export type JsonSchema = { readonly [keyword: string]: unknown };

export interface Surroundings {
  /** What a `$ref` refers to. Default: nothing may be referred to. */
  readonly resolve?: (reference: string) => JsonSchema;
  /** Values that mean something, for a property of this name; each of them is used if the schema takes strings. */
  readonly known?: (name: string) => readonly unknown[];
}

/** Values that the schema takes. @param name the property that it is of */
export function valuesOf(
  schema: JsonSchema,
  surroundings: Surroundings = {},
  name?: string,
): fc.Arbitrary<unknown> {
  const {
    $ref,
    enum: choices,
    anyOf,
    oneOf = anyOf,
    allOf,
    type,
  } = schema as {
    readonly $ref?: string;
    readonly enum?: readonly unknown[];
    readonly anyOf?: readonly JsonSchema[];
    readonly oneOf?: readonly JsonSchema[];
    readonly allOf?: readonly JsonSchema[];
    readonly type?: string | readonly string[];
  };
  if ($ref !== undefined) return valuesOf(resolve($ref, surroundings), surroundings, name);
  if ("const" in schema) return fc.constant(schema.const);
  if (choices !== undefined) return fc.constantFrom<unknown>(...choices);
  if (oneOf !== undefined) {
    return fc.oneof(...oneOf.map((alternative) => valuesOf(alternative, surroundings, name)));
  }
  if (allOf !== undefined) return valuesOf(Object.assign({}, ...allOf) as JsonSchema, surroundings, name);
  if (typeof type === "object") {
    return fc.oneof(...type.map((one) => valuesOf({ ...schema, type: one }, surroundings, name)));
  }
  switch (type as string) {
    case "string":
      return stringsOf(schema, (name === undefined ? undefined : surroundings.known?.(name)) ?? []);
    case "integer":
    case "number":
      return numbersOf(schema, type as string);
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array": {
      const {
        items = {},
        minItems = 0,
        maxItems = 20,
      } = schema as {
        readonly items?: JsonSchema;
        readonly minItems?: number;
        readonly maxItems?: number;
      };
      const bounds = { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, 5)) };
      return fc.array(valuesOf(items, surroundings, name), bounds);
    }
    case "object":
      return objectsOf(schema, surroundings);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function resolve(reference: string, { resolve }: Surroundings): JsonSchema {
  if (resolve === undefined) throw new Error(`there is nothing that ${reference} could refer to`);
  return resolve(reference);
}

function stringsOf(schema: JsonSchema, known: readonly unknown[]): fc.Arbitrary<unknown> {
  const {
    pattern,
    format,
    minLength = 0,
    maxLength = 1_000,
  } = schema as {
    readonly pattern?: string;
    readonly format?: string;
    readonly minLength?: number;
    readonly maxLength?: number;
  };
  const isOfLength = (text: string) => text.length >= minLength && text.length <= maxLength;
  const make = (): fc.Arbitrary<string> => {
    if (format === "date-time") return times;
    if (format === "uri") return fc.webUrl({ validSchemes: ["http", "https"] });
    if (pattern !== undefined) return matching(pattern);
    return fc.string({
      minLength,
      maxLength: Math.min(maxLength, Math.max(40, minLength)),
      unit: "grapheme",
    });
  };
  const made = make().filter(isOfLength);
  const fitting = known.filter((value) => typeof value === "string" && isOfLength(value));
  if (fitting.length === 0) return made;
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...fitting) }, { weight: 1, arbitrary: made });
}

/** fast-check makes up no lookaheads: what they forbid is left out. */
function matching(pattern: string): fc.Arbitrary<string> {
  const whole = new RegExp(pattern);
  const plain = new RegExp(pattern.replaceAll(/\(\?[!=][^()]*\)/g, ""));
  return fc.stringMatching(plain, { size: "small" }).filter((text) => whole.test(text));
}

const times = fc
  .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString());

function numbersOf(schema: JsonSchema, type: string): fc.Arbitrary<number> {
  const { minimum, maximum, exclusiveMinimum } = schema as { readonly [keyword: string]: number };
  if (type === "number") {
    return fc.double({ min: minimum ?? -1e9, max: maximum ?? 1e12, noNaN: true }).map((value) => value || 0);
  }
  const least = exclusiveMinimum === undefined ? minimum : exclusiveMinimum + 1;
  const min = Math.max(least ?? -1e6, Number.MIN_SAFE_INTEGER);
  const max = Math.min(maximum ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return fc.oneof(
    fc.integer({ min: Math.max(min, -(2 ** 31)), max: Math.min(max, 2 ** 31 - 1) }),
    // Of all numbers few fall into a narrow range: a filter would look for one for ever.
    fc.maxSafeNat().map((n) => Math.min(max, min + (n % (max - min + 1)))),
  );
}

function objectsOf(schema: JsonSchema, surroundings: Surroundings): fc.Arbitrary<unknown> {
  const {
    properties = {},
    required = [],
    additionalProperties,
  } = schema as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly required?: readonly string[];
    readonly additionalProperties?: boolean | JsonSchema;
  };
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, valuesOf(property, surroundings, name)]),
  );
  const object = fc.record(model, { requiredKeys: [...required] });
  const more =
    typeof additionalProperties === "object" ? valuesOf(additionalProperties, surroundings) : undefined;
  if (more === undefined) return object;
  return fc
    .tuple(fc.dictionary(fc.string({ maxLength: 10 }), more, { maxKeys: 3 }), object)
    .map(([others, own]) => ({
      ...Object.fromEntries(Object.entries(others).filter(([name]) => !Object.hasOwn(properties, name))),
      ...(own as object),
    }));
}
