// Writes the two packages of this tree to packages/: stevedore-graph, which is all of it, and stevedore-producer, what a
// service needs that only enqueues.
//
//   node scripts/pack.mjs [--as-built] [DIRECTORY]
//
// DIRECTORY: where to write, instead of packages/. --as-built: does not build, though dist/ may be older than src/.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const project = fileURLToPath(new URL("..", import.meta.url));
const commonJs = join(project, "dist/commonjs");
/** What the producer's files import; pack fails if they import anything else. */
const dependencies = ["bullmq", "ioredis", "zod"];

const { values, positionals } = parseArgs({
  options: { "as-built": { type: "boolean" } },
  allowPositionals: true,
});
const target = resolve(positionals[0] ?? join(project, "packages"));
if (!values["as-built"]) {
  const { status } = spawnSync(process.execPath, [join(project, "scripts/build.mjs"), "--if-stale"], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(1);
}
mkdirSync(target, { recursive: true });
for (const name of [npmPack(project), packProducer()]) console.log(join(target, name));

/** Lays stevedore-producer out in a directory of its own and packs that. @returns the name of the file */
function packProducer() {
  const stage = mkdtempSync(join(tmpdir(), "stevedore-producer-"));
  try {
    layOut(stage);
    return npmPack(stage);
  } finally {
    rmSync(stage, { recursive: true });
  }
}

/** @param {string} stage */
function layOut(stage) {
  const entries = ["producer", "jobs"];
  cpSync(commonJs, join(stage, "commonjs"), { recursive: true });
  // The modules of ESM hand on what those of CommonJS have: a process that loads both has one class of errors.
  const esm = join(stage, "esm");
  cpSync(join(commonJs, "types"), join(esm, "types"), { recursive: true });
  writeFileSync(join(esm, "types/package.json"), '{ "type": "module" }\n');
  for (const entry of entries) {
    const names = exportsOf(join(commonJs, `${entry}.cjs`));
    writeFileSync(
      join(esm, `${entry}.mjs`),
      `export {\n${names.map((name) => `  ${name},\n`).join("")}} from "../commonjs/${entry}.cjs";\n`,
    );
  }
  // For TypeScript's old way (`moduleResolution: node`), which knows no "exports".
  mkdirSync(join(stage, "jobs"));
  const jobs = { main: "../commonjs/jobs.cjs", types: "../commonjs/types/public/jobs.d.ts" };
  writeFileSync(join(stage, "jobs/package.json"), `${JSON.stringify(jobs)}\n`);
  cpSync(join(project, "schemas"), join(stage, "schemas"), { recursive: true });
  copyFileSync(join(project, "docs/producer.md"), join(stage, "README.md"));
  for (const name of ["LICENSE", "CHANGELOG.md"]) copyFileSync(join(project, name), join(stage, name));
  writeFileSync(join(stage, "package.json"), `${JSON.stringify(manifestOfProducer(), null, 2)}\n`);
  assertImports(commonJs);
}

function manifestOfProducer() {
  const whole = readJson("package.json");
  const entry = (name) => ({
    import: { types: `./esm/types/public/${name}.d.ts`, default: `./esm/${name}.mjs` },
    require: { types: `./commonjs/types/public/${name}.d.ts`, default: `./commonjs/${name}.cjs` },
  });
  return {
    name: "stevedore-producer",
    version: whole.version,
    description: "Enqueue jobs for Stevedore from any service, wait for them, follow and operate them",
    keywords: ["stevedore", "bullmq", "redis", "queue", "producer"],
    license: whole.license,
    engines: whole.engines,
    main: "commonjs/producer.cjs",
    types: "commonjs/types/public/producer.d.ts",
    exports: {
      ".": entry("producer"),
      "./jobs": entry("jobs"),
      "./schemas/*": "./schemas/*",
      "./package.json": "./package.json",
    },
    sideEffects: false,
    dependencies: Object.fromEntries(dependencies.map((name) => [name, whole.dependencies[name]])),
    // For traces: `telemetryIfAsked`.
    peerDependencies: { "bullmq-otel": whole.dependencies["bullmq-otel"] },
    peerDependenciesMeta: { "bullmq-otel": { optional: true } },
  };
}

/** The names that a module of CommonJS exports. */
function exportsOf(path) {
  const ask = `import(${JSON.stringify(pathToFileURL(path).href)}).then((m) => console.log(JSON.stringify(Object.keys(m))))`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--eval", ask], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${path} cannot be loaded\n${stderr}`);
  return JSON.parse(stdout).filter((name) => name !== "default" && name !== "module.exports");
}

/** Fails if the files of a directory load a package that the producer does not depend on. */
function assertImports(directory) {
  const allowed = [...dependencies, "bullmq-otel"];
  for (const name of readdirSync(directory).filter((file) => file.endsWith(".cjs"))) {
    const text = readFileSync(join(directory, name), "utf8");
    for (const [, loaded] of text.matchAll(/\b(?:require|import)\("([^"]+)"\)/g)) {
      if (loaded.startsWith("node:") || loaded.startsWith("./") || allowed.includes(loaded)) continue;
      throw new Error(`${name} loads ${loaded}, which stevedore-producer does not depend on`);
    }
  }
}

/** Packs a directory into the target. @returns {string} the name of the file */
function npmPack(directory) {
  const args = ["pack", "--silent", "--ignore-scripts", "--pack-destination", target, directory];
  const { status, stdout } = spawnSync("npm", args, {
    ...{ cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  });
  if (status !== 0) throw new Error(`npm pack of ${directory} failed`);
  return stdout.trim();
}

function readJson(name) {
  return JSON.parse(readFileSync(join(project, name), "utf8"));
}
