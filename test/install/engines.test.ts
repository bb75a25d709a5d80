// Every package that comes with ours must run on the oldest Node that ours takes: npm with --engine-strict and yarn
// refuse to install what does not.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { minVersion, satisfies } from "semver";
import { expect, it } from "vitest";

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly engines?: { readonly node?: string };
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const project = join(import.meta.dirname, "../..");
const readJson = (name: string) => JSON.parse(readFileSync(join(project, name), "utf8"));
const { packages }: { readonly packages: Readonly<Record<string, Locked>> } = readJson("package-lock.json");
const manifest = readJson("package.json");
const oldest = minVersion(manifest.engines.node)?.version ?? "";
/** What a consumer gets. */
const production = Object.entries(packages).filter(([path, { dev }]) => path !== "" && dev !== true);

it("the oldest Node is the one that CI tests on", () => {
  expect(oldest).toBe("20.18.0");
  expect(readFileSync(join(project, ".ci/run"), "utf8")).toContain(`oldest_node=${oldest}\n`);
});

it("no package of production excludes the oldest Node", () => {
  expect(production.length).toBeGreaterThan(50);
  const tooNew = production.filter(([, { engines }]) => !satisfies(oldest, engines?.node ?? "*"));
  expect(tooNew.map(([path, { version, engines }]) => `${path} ${version} wants ${engines?.node}`)).toEqual(
    [],
  );
});

it("no package of production is kept old by an override, which does not reach consumers", () => {
  const held = Object.keys(manifest.overrides);
  const wanting = production.filter(([, { dependencies = {}, peerDependencies = {} }]) =>
    held.some((name) => name in dependencies || name in peerDependencies),
  );
  expect(wanting.map(([path]) => path)).toEqual([]);
});
