// Compiles src/ into an empty dist/, and the dashboard's pages for the browser, and puts the command line with what it
// needs into few files: reading nearly a thousand modules took most of a command's time. Fails, and leaves no dist/, if
// there is an error.
//
//   node scripts/build.mjs [--if-stale]     --if-stale: only if dist/ is older than what it is made from
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("..", import.meta.url));
const dist = join(project, "dist");
const main = join(dist, "cli/main.js");
/** Written last, so that it stands only in a whole dist/. Its time is when the compiler began to read. */
const stamp = join(dist, ".built");

/**
 * What the command line takes from node_modules as it is: what is native, reads files of its own, or shares its state
 * with what others load.
 */
const asItIs = [
  ...["lzma-native", "fastify", "@fastify", "@bull-board"],
  ...["@opentelemetry", "bullmq-otel", "pino"],
];

if (!process.argv.includes("--if-stale") || isStale()) await build();

async function build() {
  console.log("build: compiling src into dist");
  const began = new Date();
  rmSync(dist, { recursive: true, force: true });
  if (
    !run("tsc", "--noEmitOnError") ||
    !run("vite", "build", "--logLevel", "warn") ||
    !(await bundleCommandLine())
  ) {
    console.error("build: failed");
    rmSync(dist, { recursive: true, force: true });
    process.exitCode = 1;
    return;
  }
  if (existsSync(main)) chmodSync(main, 0o755);
  writeFileSync(stamp, "");
  utimesSync(stamp, began, began);
}

/**
 * Bundles dist/cli in its place. By Rollup, which takes from a folder's `index.js` only what is used of it: a command
 * that needs one function of a folder does not load the whole.
 * @returns {Promise<boolean>} whether it did
 */
async function bundleCommandLine() {
  if (!existsSync(main)) return true;
  const bundled = join(dist, ".cli");
  const { build: bundle } = await import("vite");
  try {
    await bundle({
      root: project,
      ...{ configFile: false, logLevel: "warn", plugins: [{ name: "places", transform: keepPlaces }] },
      ssr: { noExternal: true },
      build: {
        ...{ ssr: main, outDir: bundled, target: "node20.18", minify: false },
        rollupOptions: {
          external: (id) => asItIs.some((name) => id === name || id.startsWith(`${name}/`)),
          output: { entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
          onwarn: (warning, warn) => warning.code !== "INVALID_ANNOTATION" && warn(warning),
        },
      },
    });
  } catch (error) {
    console.error(error);
    return false;
  }
  rmSync(join(dist, "cli"), { recursive: true });
  renameSync(bundled, join(dist, "cli"));
  return true;
}

/** Lets our own modules find the files beside them, though they lie in dist/cli now. */
function keepPlaces(code, id) {
  if (id.includes("/node_modules/") || !id.startsWith(dist)) return undefined;
  const place = JSON.stringify(`../${relative(dist, id)}`);
  return { code: code.replaceAll("import.meta.url", `new URL(${place}, import.meta.url).href`), map: null };
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
