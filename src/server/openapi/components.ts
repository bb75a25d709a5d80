// The named schemas of the document. The type provider writes each twice, as it is sent (`NameInput`) and as it is
// answered (`Name`): here they become one wherever they are the same.

/** What is looked into here of an OpenAPI 3.1 document. */
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

/** Joins the two forms of each schema, leaves out what nothing refers to of those that differ, and sorts by name. */
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
  const used = referencesOf([document.paths, Object.values(schemas)]);
  const isNeeded = (name: string) => {
    const base = name.endsWith(inputForm) ? name.slice(0, -inputForm.length) : undefined;
    return base === undefined || !names.includes(base) || (!same.has(base) && used.has(name));
  };
  const kept = Object.entries(schemas).filter(([name]) => isNeeded(name));
  const joined = joinReferences(
    { ...document, components: { ...document.components, schemas: sorted(kept) } },
    same,
  ) as OpenApiDocument;
  return { ...joined, paths: sorted(Object.entries(joined.paths)) };
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
  const text = JSON.stringify(value);
  return new Set(
    [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name = ""]) => name),
  );
}

/** By code units, so that it is the same everywhere. */
function sorted<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries([...entries].sort(([one], [other]) => (one < other ? -1 : 1)));
}
