// Types that openapi-typescript makes of the document: they compile under strict rules, and tell of each job's result.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const project = join(import.meta.dirname, "../../..");
const scratch = useScratchDirectory();

const program = `
import type { components, operations } from "./api.js";

type JobRecord = components["schemas"]["JobRecord"];
export function layerBytes(record: JobRecord): number | undefined {
  if (record.name !== "checksum") return undefined;
  // @ts-expect-error It may not have ended.
  const ended: number = record.result.layerBytes;
  return record.result?.layerBytes ?? ended;
}
type Completed = operations["enqueueChecksum"]["responses"][200]["content"]["application/json"];
export function checksum({ state, result }: Completed): string {
  const completed: "completed" = state;
  // @ts-expect-error No checksum has this.
  return completed + result.checksum + result.mountId;
}
type Waiting = operations["enqueueMount"]["responses"][202]["content"]["application/json"];
export const mountId = (record: Waiting): string | undefined => record.result?.mountId;
`;

it("compile, and type the results", async () => {
  const directory = await scratch.fresh();
  // Its own TypeScript: it runs with no newer one.
  const tools = ["--package", "openapi-typescript@7", "--package", "typescript@5"];
  const document = join(project, "docs/openapi.json");
  await execa("npx", ["--yes", ...tools, "openapi-typescript", document, "-o", "api.d.ts"], {
    cwd: directory,
  });
  writeFileSync(join(directory, "program.ts"), program);
  const options = ["--noEmit", "--strict", "--module", "node16", "--target", "es2023", "--types", ""];
  const tsc = join(project, "node_modules/.bin/tsc");
  const { stdout } = await execa(tsc, [...options, "program.ts"], { cwd: directory, reject: false });
  expect(stdout).toBe("");
}, 120_000);
