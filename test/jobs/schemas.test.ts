// The JSON Schemas of schemas/: current, valid, and of one mind with the zod schemas they are made from.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jobSchemaFiles } from "../../scripts/written-schemas.js";
import { compressData, compressResult, contract, jobNames } from "../../src/jobs/index.js";
import { type JsonSchema, valuesOf } from "../support/http/json-schema-values.js";
import { wrongValuesOf } from "../support/http/wrong-values.js";

const directory = join(import.meta.dirname, "../../schemas");
const files = jobSchemaFiles();
const schemaOf = (name: string) => JSON.parse(files.get(`${name}.json`) ?? "null") as JsonSchema;
const judgeOf = (name: string) => {
  const ajv = new Ajv2020({ strict: true, strictTypes: false });
  addFormats.default(ajv);
  return ajv.compile(schemaOf(name));
};

/** What zod refuses though the JSON Schema cannot say it, by the words of the refusal. */
const beyondJsonSchema = new RegExp(
  [
    ...["give a mountId or a target", "give image or json, not both", "leave out user and password"],
    ...["leave it out", "Invalid URL", "OCI has no layers in xz"],
    ...["give platform or allPlatforms, not both", "know no layers in zstd", "takes a tag, not a digest"],
    // Its host is no address, or it is too long once it is whole.
    "is not a valid reference to an image in a registry",
  ].join("|"),
);

it("the files are those that the sources make: npm run openapi writes them", async () => {
  expect((await readdir(directory)).sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(await readFile(join(directory, name), "utf8"), name).toBe(text);
});

it("every file names itself, its draft and what it is of", () => {
  for (const name of files.keys()) {
    expect(schemaOf(name.replace(/\.json$/, ""))).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: `urn:stevedore:schemas:${name.replace(/\.json$/, "")}`,
      title: expect.stringMatching(/./),
    });
  }
});

const kinds = {
  ...contract,
  compress: { data: compressData, result: compressResult },
} as const;

describe.each(
  [...jobNames, "compress" as const].flatMap((name) => [[name, "data"] as const, [name, "result"] as const]),
)("the schema of a job %s's %s", (name: keyof typeof kinds, part) => {
  const judge = judgeOf(`${name}.${part}`);
  const schema = schemaOf(`${name}.${part}`);
  const zod = kinds[name][part];

  it("takes what zod takes", () => {
    fc.assert(
      fc.property(valuesOf(schema), (value) => {
        expect(judge(value), JSON.stringify(judge.errors)).toBe(true);
        const parsed = zod.safeParse(value);
        const refusals = parsed.error?.issues.map(({ message }) => message) ?? [];
        expect(refusals.filter((message) => !beyondJsonSchema.test(message))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("refuses nothing else", () => {
    let wrong = 0;
    fc.assert(
      fc.property(wrongValuesOf(schema), (value) => {
        if (judge(value)) return;
        wrong++;
        expect(zod.safeParse(value).success, JSON.stringify(value)).toBe(false);
      }),
      { numRuns: 100 },
    );
    expect(wrong).toBeGreaterThan(20);
  });
});
