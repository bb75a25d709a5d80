// An empty project that installs one of our packages: a program in each of the ways in which TypeScript and Node can load
// it, compiled as strictly as the compiler can, and run.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

export const project = join(import.meta.dirname, "../..");

/** How a program comes to the producer: its name, and its first lines. */
const programs: Readonly<Record<string, (entry: string) => string>> = {
  "module.mts": (entry) => `import { JobError, openProducer } from "${entry}";`,
  "commonjs.cts": (entry) => `import { JobError, openProducer } from "${entry}";`,
  "require.cts": (entry) =>
    `import stevedore = require("${entry}");\nconst { JobError, openProducer } = stevedore;`,
};

/** Enqueues, reads a result by its type, and tells errors by class and code. */
const body = `
async function main(redis: string, graph: string): Promise<void> {
  const producer = openProducer({ redis, graph });
  try {
    const job = await producer.enqueue("checksum", { id: "base" });
    const result = await producer.wait(job);
    const checksum: string = result.checksum;
    // @ts-expect-error: a result has what its job says, and no more
    result.nothing;
    // @ts-expect-error: so has the data
    await producer.enqueue("checksum", { image: "base" }).catch((error: unknown) => {
      if (!(error instanceof JobError) || error.code !== "INVALID_JOB") throw error;
    });
    console.log(checksum);
  } finally {
    await producer.close();
  }
}
void main(process.argv[2] ?? "", process.argv[3] ?? "");
`;

/** What both are loaded by, in one process. */
const both = (entry: string) => `
import { createRequire } from "node:module";
import * as imported from "${entry}";
import * as jobs from "${entry}/jobs";
const require = createRequire(import.meta.url);
const required = require("${entry}");
const schema = require("${entry}/schemas/checksum.data.json");
const sorted = (module) => Object.keys(module).filter((name) => name !== "default" && name !== "module.exports").sort();
console.log(JSON.stringify({
  sameNames: sorted(imported).join() === sorted(required).join(),
  sameJobs: sorted(jobs).join() === sorted(require("${entry}/jobs")).join(),
  oneClass: imported.JobError === jobs.JobError && imported.JobError === required.JobError,
  schema: schema.type,
}));
`;

/** Each way of TypeScript to find modules, and the programs it is for. */
const compilations: Readonly<
  Record<string, { readonly options: object; readonly files: readonly string[] }>
> = {
  node16: {
    options: { module: "node16", moduleResolution: "node16", outDir: "out" },
    files: [...Object.keys(programs), "readme-0.mts", "readme-1.mts"],
  },
  bundler: {
    options: { module: "esnext", moduleResolution: "bundler", noEmit: true },
    files: ["module.mts"],
  },
  commonjs: {
    options: { module: "commonjs", moduleResolution: "bundler", noEmit: true },
    files: ["commonjs.cts", "require.cts"],
  },
};

/** What a program that loads the package in both ways finds. */
export interface Loaded {
  readonly sameNames: boolean;
  readonly sameJobs: boolean;
  /** Whether all entries have one class of errors between them. */
  readonly oneClass: boolean;
  readonly schema: string;
}

/** Writes the programs into a project. @param entry what they import, such as `stevedore-producer` */
export async function writePrograms(directory: string, entry: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, beginning] of Object.entries(programs)) {
    await writeFile(join(directory, name), beginning(entry) + body);
  }
  // The page is the README of stevedore-producer.
  const page = await readFile(join(project, "docs/producer.md"), "utf8");
  for (const [at, [, program = ""]] of [...page.matchAll(/^```ts\n(.*?)^```/gms)].entries()) {
    await writeFile(join(directory, `readme-${at}.mts`), program.replaceAll("stevedore-producer", entry));
  }
  await writeFile(join(directory, "both.mjs"), both(entry));
  for (const [name, { options, files }] of Object.entries(compilations)) {
    const compilerOptions = {
      ...{ target: "es2022", lib: ["es2023"], strict: true, exactOptionalPropertyTypes: true },
      ...{ noUncheckedIndexedAccess: true, verbatimModuleSyntax: false, skipLibCheck: false },
      ...{ types: ["node"], typeRoots: [join(project, "node_modules/@types")] },
      ...options,
    };
    await writeFile(join(directory, `tsconfig.${name}.json`), JSON.stringify({ compilerOptions, files }));
  }
}

/**
 * Compiles the programs in every way; fails with what the compiler says.
 * @param isQuick whether under node16 alone, which has both kinds of modules, and without looking into declarations
 */
export async function compilePrograms(directory: string, { isQuick = false } = {}): Promise<void> {
  const compiler = join(project, "node_modules/.bin/tsc");
  for (const name of isQuick ? ["node16"] : Object.keys(compilations)) {
    const args = ["-p", `tsconfig.${name}.json`, ...(isQuick ? ["--skipLibCheck"] : [])];
    const { exitCode, stdout } = await execa(compiler, args, { cwd: directory, reject: false });
    if (exitCode !== 0) throw new Error(`types under ${name}:\n${stdout}`);
  }
}

/** Runs what was compiled. @returns what each program prints, by its name */
export async function runPrograms(
  directory: string,
  [redis, graph]: readonly [string, string],
  env: NodeJS.ProcessEnv = {},
): Promise<Record<string, string>> {
  const printed: Record<string, string> = {};
  for (const name of Object.keys(programs)) {
    const file = join("out", name.replace(/ts$/, "js"));
    const { stdout } = await execa("node", [file, redis, graph], { cwd: directory, env, timeout: 60_000 });
    printed[name] = stdout;
  }
  return printed;
}

/** Loads the package by `import` and by `require` in one process. */
export async function loadBoth(directory: string, env: NodeJS.ProcessEnv = {}): Promise<Loaded> {
  const { stdout } = await execa("node", ["both.mjs"], { cwd: directory, env });
  return JSON.parse(stdout) as Loaded;
}

/** How many packages lie in a `node_modules`, however deep. */
export async function countPackages(nodeModules: string): Promise<number> {
  let count = 0;
  for (const entry of await readdir(nodeModules, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(nodeModules, entry.name);
    const names = await readdir(path);
    const isPackage = names.includes("package.json");
    if (isPackage) count++;
    if (names.includes("node_modules")) count += await countPackages(join(path, "node_modules"));
    // A scope, or where pnpm keeps what it links to.
    if (!isPackage && entry.name !== "node_modules") count += await countPackages(path);
  }
  return count;
}
