// npm run check:install: both packages in empty projects, by each package manager and on the oldest and the newest Node,
// with programs that are compiled strictly and run against a real Redis and worker. Takes minutes, and npm's registry.
//
//   npx tsx test/install/main.ts
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import { startRedis } from "../support/redis/redis-server.js";
import { compilePrograms, countPackages, loadBoth, project, runPrograms, writePrograms } from "./consumer.js";
import { startInstalled } from "./installed-worker.js";

/** How each of them installs an archive into a project; all refuse packages whose engines exclude this Node. */
const managers: Readonly<Record<string, readonly string[]>> = {
  npm: ["npm", "install", "--engine-strict", "--no-audit", "--no-fund", "--loglevel=error"],
  "npm --omit=optional": ["npm", "install", "--engine-strict", "--omit=optional", "--loglevel=error"],
  "yarn 1": ["npx", "--yes", "yarn@1.22", "add", "--silent", "--non-interactive"],
  "pnpm 9": ["npx", "--yes", "pnpm@9", "add", "--silent", "--config.engine-strict=true"],
};

/** A Node, and what installs on it. */
const installations = [
  ["20.18.0", "npm"],
  ["20.18.0", "npm --omit=optional"],
  ["20.18.0", "yarn 1"],
  ["20.18.0", "pnpm 9"],
  ["20", "npm"],
  ["24", "npm"],
  ["24", "yarn 1"],
  ["24", "pnpm 9"],
] as const;

/** How many packages a producer's node_modules may hold. */
const mostPackages = 40;

const scratch = await mkdtemp(join(tmpdir(), "stevedore-install-"));
const redis = await startRedis();
let failures = 0;
try {
  const packed = join(scratch, "packed");
  await check("npm pack of a checkout that is not built", () => packUnbuilt(join(scratch, "checkout")));
  await check("npm run pack", async () => {
    await execa("node", ["scripts/pack.mjs", packed], { cwd: project });
    return (await readdir(packed)).join(", ");
  });
  const archives = (await readdir(packed)).sort();
  for (const [at, [version, manager]] of installations.entries()) {
    for (const archive of archives) {
      const name = archive.replace(/-\d.*/, "");
      const directory = join(scratch, `${at}-${name}`);
      await check(`${name}, Node ${version}, ${manager}`, async () => {
        const env = await environmentOf(version);
        return consume(name, manager, { directory, archive: join(packed, archive), env });
      });
      await rm(directory, { recursive: true, force: true });
    }
  }
} finally {
  await redis[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
}
console.log(failures === 0 ? "all of it works" : `${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;

interface Consumer {
  readonly directory: string;
  readonly archive: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Installs a package into an empty project, and uses it. @returns what there is to say */
async function consume(
  name: string,
  manager: string,
  { directory, archive, env }: Consumer,
): Promise<string> {
  await writePrograms(directory, name);
  await writeFile(
    join(directory, "package.json"),
    JSON.stringify({ name: "consumer", version: "1.0.0", private: true }),
  );
  const [program = "", ...args] = managers[manager] ?? [];
  // yarn 1 would take an archive of the same name from its cache, whatever is in it.
  const own = { YARN_CACHE_FOLDER: join(scratch, "yarn") };
  await execa(program, [...args, archive], { cwd: directory, env: { ...env, ...own } });
  const packages = await countPackages(join(directory, "node_modules"));
  if (name === "stevedore-producer" && packages > mostPackages)
    throw new Error(`it has ${packages} packages`);
  await compilePrograms(directory);
  const loaded = await loadBoth(directory, env);
  if (!loaded.sameNames || !loaded.sameJobs || loaded.schema !== "object")
    throw new Error(JSON.stringify(loaded));

  // The programs ask for the checksum of `base`; a worker of the package itself, or of this tree, computes it.
  const main =
    name === "stevedore-graph" ? join(directory, "node_modules", name, "dist/cli/main.js") : undefined;
  const graph = `install-${Date.now()}`;
  await using _worker = await startInstalled(main, { directory, redis: redis.url, graph, env });
  const printed = await runPrograms(directory, [redis.url, graph], env);
  const checksums = new Set(Object.values(printed));
  if (checksums.size !== 1 || !/^sha256:[0-9a-f]{64}$/.test([...checksums][0] ?? "")) {
    throw new Error(JSON.stringify(printed));
  }
  return `${packages} packages; types and ${Object.keys(printed).length} programs`;
}

/** Packs a copy of the tree that has neither dist/ nor node_modules/ to begin with. */
async function packUnbuilt(checkout: string): Promise<string> {
  const { stdout: files } = await execa("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: project,
  });
  for (const file of files.split("\n")) {
    await mkdir(dirname(join(checkout, file)), { recursive: true });
    await copyFile(join(project, file), join(checkout, file)).catch(ignoreDeleted);
  }
  await execa("npm", ["ci", "--ignore-scripts", "--prefer-offline", "--loglevel=error"], { cwd: checkout });
  const { stdout } = await execa("npm", ["pack", "--json"], { cwd: checkout });
  const [packed] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as [
    { readonly files: { readonly path: string }[] },
  ];
  const paths = packed.files.map(({ path }) => path);
  for (const path of ["dist/cli/main.js", "dist/public/producer.js", "dist/commonjs/producer.cjs"]) {
    if (!paths.includes(path)) throw new Error(`there is no ${path}`);
  }
  await rm(checkout, { recursive: true });
  return `${paths.length} files`;
}

/** An environment in which `node` is of a version, fetched as npm's package "node" fetches it. */
async function environmentOf(version: string): Promise<NodeJS.ProcessEnv> {
  const home = join(scratch, `node-${version}`);
  const name = `node-linux-${process.arch}`;
  const bin = join(home, "node_modules", name, "bin");
  const args = ["install", "--prefix", home, "--no-save", "--prefer-offline", "--loglevel=error"];
  await execa("npm", [...args, `${name}@${version}`]);
  // What npm tells of itself to the scripts it runs would be taken for the user's wishes.
  const plain = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"));
  return { ...Object.fromEntries(plain), PATH: `${bin}${delimiter}${process.env.PATH}` };
}

async function check(name: string, work: () => Promise<string>): Promise<void> {
  const began = Date.now();
  try {
    const said = await work();
    console.log(`ok      ${name}: ${said} (${Math.round((Date.now() - began) / 1_000)} s)`);
  } catch (error) {
    failures++;
    console.log(`FAILED  ${name}\n${error instanceof Error ? error.message : error}`);
  }
}

/** A file that git knows of may have been deleted since. */
function ignoreDeleted(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
