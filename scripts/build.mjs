// Compiles src/ into an empty dist/, and the dashboard's pages for the browser. Puts the command line with what it needs
// into few files: reading nearly a thousand modules took most of a command's time. Writes what a producer needs as
// CommonJS, too. Fails, and leaves no dist/, if there is an error.
//
//   node scripts/build.mjs [--if-stale]     --if-stale: only if dist/ is older than what it is made from
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const project = fileURLToPath(new URL("..", import.meta.url));
const dist = join(project, "dist");
const main = join(dist, "cli/main.js");
/** Written last, so that it stands only in a whole dist/. Its time is when the compiler began to read. */
const stamp = join(dist, ".built");

/**
 * What the command line takes from node_modules as it is: what is native, reads files of its own, or shares its state
 * with what others load. Fastify and its plugins are not among them: what they ask npm for wants a newer Node than we do.
 */
const asItIs = [
  ...["lzma-native", "@bull-board/api", "@bull-board/ui"],
  ...["@opentelemetry", "bullmq-otel", "pino"],
];

/** Directories of bundled packages whose files are read at run time: they come beside the bundle. */
const filesOfBundled = ["@fastify/swagger-ui/static"];

/** What the entries that CommonJS can load take from node_modules; stevedore-producer depends on these alone. */
const producerDependencies = ["bullmq", "bullmq-otel", "ioredis", "zod"];
const commonJsEntries = ["producer", "jobs"];

/** From how many bytes on the browser's files are compressed, as for what the server compresses itself. */
const leastCompressed = 1024;

if (!process.argv.includes("--if-stale") || isStale()) await build();

async function build() {
  console.log("build: compiling src into dist");
  const began = new Date();
  rmSync(dist, { recursive: true, force: true });
  const isWhole =
    run("tsc", "--noEmitOnError") &&
    run("vite", "build", "--logLevel", "warn") &&
    (await succeeds(compressPages)) &&
    (await succeeds(bundleCommandLine)) &&
    (await succeeds(bundleCommonJs)) &&
    (await succeeds(writeManualPage));
  if (!isWhole) {
    console.error("build: failed");
    rmSync(dist, { recursive: true, force: true });
    process.exitCode = 1;
    return;
  }
  if (existsSync(main)) chmodSync(main, 0o755);
  writeFileSync(stamp, "");
  utimesSync(stamp, began, began);
}

/** Puts what the browser loads beside itself, compressed as well as can be: the server sends the file as it is. */
async function compressPages() {
  const pages = join(dist, "server/dashboard/app");
  for (const name of readdirSync(pages)) {
    const bytes = readFileSync(join(pages, name));
    if (!/\.(js|css|svg)$/.test(name) || bytes.length < leastCompressed) continue;
    writeFileSync(join(pages, `${name}.br`), brotliCompressSync(bytes));
    writeFileSync(join(pages, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  }
}

/** Bundles dist/cli in its place. */
async function bundleCommandLine() {
  if (!existsSync(main)) return;
  const bundled = join(dist, ".cli");
  await bundle([main], bundled, asItIs, {
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
  });
  for (const directory of filesOfBundled) {
    cpSync(join(project, "node_modules", directory), join(bundled, "files", directory), { recursive: true });
  }
  rmSync(join(dist, "cli"), { recursive: true });
  renameSync(bundled, join(dist, "cli"));
}

/** Writes dist/man/stevedore.1, as the command line prints it. */
async function writeManualPage() {
  if (!existsSync(main)) return;
  const { status, stdout } = spawnSync(process.execPath, [main, "man"], { encoding: "utf8" });
  if (status !== 0) throw new Error("the manual page could not be written");
  mkdirSync(join(dist, "man"));
  writeFileSync(join(dist, "man/stevedore.1"), stdout);
}

/** Writes dist/commonjs: the entries for `require`, and their types, which are CommonJS's by the package.json beside them. */
async function bundleCommonJs() {
  const entries = commonJsEntries.map((name) => join(dist, "public", `${name}.js`)).filter(existsSync);
  if (entries.length === 0) return;
  const commonJs = join(dist, "commonjs");
  await bundle(entries, commonJs, producerDependencies, {
    format: "cjs",
    exports: "named",
    entryFileNames: "[name].cjs",
    chunkFileNames: "[name]-[hash].cjs",
  });
  for (const path of declarationsOf(entries.map((entry) => entry.replace(/\.js$/, ".d.ts")))) {
    const copy = join(commonJs, "types", relative(dist, path));
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(path, copy);
  }
  writeFileSync(join(commonJs, "types/package.json"), '{ "type": "commonjs" }\n');
}

/**
 * By Rollup, which takes from a folder's `index.js` only what is used of it: a command that needs one function of a
 * folder does not load the whole.
 */
async function bundle(entries, outDir, external, output) {
  const { build: buildByVite } = await import("vite");
  await buildByVite({
    root: project,
    ...{ configFile: false, logLevel: "warn" },
    plugins: [{ name: "places", transform: keepPlaces }, licences()],
    ssr: { noExternal: true },
    build: {
      ...{ ssr: true, outDir, target: "node20.18", minify: false },
      rollupOptions: {
        input: entries,
        external: (id) => external.some((name) => id === name || id.startsWith(`${name}/`)),
        output,
        onwarn: (warning, warn) => warning.code !== "INVALID_ANNOTATION" && warn(warning),
      },
    },
  });
}

/** Writes the licences of the packages that a bundle holds beside it: they are not installed with it. */
function licences() {
  const directoryOf = (id) => /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
  return {
    name: "licences",
    generateBundle(_options, chunks) {
      const modules = Object.values(chunks).flatMap((chunk) => chunk.moduleIds ?? []);
      const packages = [...new Set(modules.map(directoryOf))].filter((path) => path !== undefined);
      const source = packages.sort().map(licenceOf).join("\n\n");
      if (packages.length > 0) this.emitFile({ type: "asset", fileName: "LICENCES.txt", source });
    },
  };
}

/** What the licence of an installed package says. */
function licenceOf(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const files = readdirSync(directory).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(join(directory, file), "utf8").trim());
  return [`== ${name} ${version}: ${license}`, ...texts].join("\n\n");
}

/** The files of declarations that some of them are made of, themselves among them. */
function declarationsOf(paths) {
  const found = new Set(paths);
  for (const path of found) {
    for (const [, file] of readFileSync(path, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)\.js"/g)) {
      found.add(join(dirname(path), `${file}.d.ts`));
    }
  }
  return [...found];
}

/** Lets modules find the files beside them, though they lie in dist/cli now. */
function keepPlaces(code, id) {
  const [, bundled] = /\/node_modules\/((?:@[^/]+\/)?[^/]+\/.*)$/.exec(id) ?? [];
  if (bundled !== undefined) return { code: keepPlacesOfBundled(code, dirname(bundled)), map: null };
  if (!id.startsWith(dist)) return undefined;
  const place = JSON.stringify(`../${relative(dist, id)}`);
  return { code: code.replaceAll("import.meta.url", `new URL(${place}, import.meta.url).href`), map: null };
}

/** In modules of CommonJS, whose own words for it are not there in the bundle. The cache is asked for names alone. */
function keepPlacesOfBundled(code, directory) {
  const hasFiles = filesOfBundled.some((path) => path.startsWith(`${directory.split("/", 2).join("/")}/`));
  const place = `decodeURIComponent(new URL("./files/${directory}", import.meta.url).pathname)`;
  const placed = hasFiles ? code.replaceAll("__dirname", place) : code;
  return placed.replaceAll("require.cache", "undefined");
}

/** @returns {Promise<boolean>} whether it did its work; why not is told */
async function succeeds(work) {
  try {
    await work();
    return true;
  } catch (error) {
    console.error(error);
    return false;
  }
}

/** Runs a tool of node_modules. @returns {boolean} whether it did its work */
function run(name, ...args) {
  const tool = join(project, "node_modules/.bin", name);
  return spawnSync(process.execPath, [tool, ...args], { cwd: project, stdio: "inherit" }).status === 0;
}

function isStale() {
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  const single = ["tsconfig.json", "vite.config.ts", "package.json"].map((name) => join(project, name));
  return [...single, ...everythingIn(join(project, "src"))].some((path) => statSync(path).mtimeMs >= built);
}

/** A directory and all below it. Directories count too: their time tells of a file that was removed. */
function everythingIn(directory) {
  const entries = readdirSync(directory, { withFileTypes: true });
  return [
    directory,
    ...entries.flatMap((entry) => {
      const path = join(directory, entry.name);
      return entry.isDirectory() ? everythingIn(path) : [path];
    }),
  ];
}
