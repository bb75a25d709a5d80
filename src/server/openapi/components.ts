// The named schemas of the document. The type provider writes each twice, for requests (`NameInput`) and for responses
// (`Name`): where both are the same they are joined here.

/** The parts of an OpenAPI 3.1 document that are used here. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses?: Readonly<Record<string, Response>>;
  };
}

export interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
  readonly responses: Readonly<Record<string, Response | { readonly $ref: string }>>;
  readonly "x-role"?: "anyone" | "read" | "full";
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header" | "cookie";
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

export interface Response {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}

/** JSON Schema, draft 2020-12. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const prefix = "#/components/schemas/";
const inputForm = "Input";

/** Joins the two forms of each schema, leaves out what nothing refers to, and sorts by name. */
export function joinForms(document: OpenApiDocument): OpenApiDocument {
  const { schemas } = document.components;
  const names = Object.keys(schemas).filter((name) => Object.hasOwn(schemas, `${name}${inputForm}`));
  let same = new Set(names);
  // A schema is the same in both forms only if those it refers to are.
  for (let before = -1; before !== same.size; ) {
    before = same.size;
    const joined = same;
    const isSame = (name: string) =>
      JSON.stringify(joinReferences(schemas[`${name}${inputForm}`], joined)) ===
      JSON.stringify(schemas[name]);
    same = new Set(names.filter((name) => joined.has(name) && isSame(name)));
  }
  const joined = joinReferences({ paths: document.paths, schemas }, same) as {
    readonly paths: OpenApiDocument["paths"];
    readonly schemas: Readonly<Record<string, JsonSchema>>;
  };
  const plain = Object.keys(schemas).filter((name) => !isInputForm(name, schemas));
  const named = new Map(plain.map((name) => [nameless(joined.schemas[name] ?? {}), name]));
  const paths = nameSchemas(joined.paths, named) as OpenApiDocument["paths"];
  const needed = reachable([...plain, ...referencesOf(paths)], joined.schemas);
  const kept = [...needed].map((name) => [name, joined.schemas[name] ?? {}] as const);
  return {
    ...document,
    paths: sorted(Object.entries(paths)),
    components: { ...document.components, schemas: sorted(kept) },
  };
}

function isInputForm(name: string, schemas: object): boolean {
  return name.endsWith(inputForm) && Object.hasOwn(schemas, name.slice(0, -inputForm.length));
}

/** The names of these schemas and of all that they refer to. */
function reachable(names: readonly string[], schemas: Readonly<Record<string, JsonSchema>>): Set<string> {
  const found = new Set(names);
  // A set hands out what is added while it is walked.
  for (const name of found) for (const other of referencesOf(schemas[name])) found.add(other);
  return found;
}

/** Refers to a named schema where it was written out: a description of its own makes another of it for the provider. */
function nameSchemas(value: unknown, named: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => nameSchemas(item, named));
  if (value === null || typeof value !== "object") return value;
  const name = "properties" in value ? named.get(nameless(value as JsonSchema)) : undefined;
  if (name !== undefined) return { $ref: `${prefix}${name}` };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, nameSchemas(item, named)]));
}

function nameless({ description: _, ...schema }: JsonSchema): string {
  return JSON.stringify(schema);
}

/** A value with the references to input forms of these schemas made plain. */
function joinReferences(value: unknown, joined: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => joinReferences(item, joined));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const base = key === "$ref" && typeof item === "string" ? baseOf(item) : undefined;
      return [
        key,
        base !== undefined && joined.has(base) ? `${prefix}${base}` : joinReferences(item, joined),
      ];
    }),
  );
}

function baseOf(reference: string): string | undefined {
  if (!reference.startsWith(prefix) || !reference.endsWith(inputForm)) return undefined;
  return reference.slice(prefix.length, -inputForm.length);
}

function referencesOf(value: unknown): Set<string> {
  const text = JSON.stringify(value) ?? "";
  return new Set(
    [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name = ""]) => name),
  );
}

/** By code units, so that it is the same everywhere. */
function sorted<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries([...entries].sort(([one], [other]) => (one < other ? -1 : 1)));
}
