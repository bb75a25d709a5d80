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
  readFileSync,
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
  ...["lzma-native", "fastify", "@fastify/*", "@bull-board/*"],
  ...["@opentelemetry/*", "bullmq-otel", "pino"],
];

/** What CommonJS modules find around them, by names that no module has. */
const ofCommonJs = `
import { createRequire as $requireOf } from "node:module";
import { dirname as $directoryOf } from "node:path";
import { fileURLToPath as $pathOf } from "node:url";
const require = $requireOf(import.meta.url);
const __filename = $pathOf(import.meta.url);
const __dirname = $directoryOf(__filename);
`.replaceAll("\n", " ");

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

/** Bundles dist/cli in its place. @returns {Promise<boolean>} whether it did */
async function bundleCommandLine() {
  if (!existsSync(main)) return true;
  const compiled = join(dist, "cli");
  const bundled = join(dist, ".cli");
  const { build: bundle } = await import("esbuild");
  try {
    await bundle({
      entryPoints: [main],
      outdir: bundled,
      ...{ bundle: true, splitting: true, format: "esm", platform: "node", target: "node20.18" },
      external: asItIs,
      banner: { js: ofCommonJs },
      plugins: [{ name: "places", setup: keepPlaces }],
      logLevel: "warning",
    });
  } catch {
    return false;
  }
  rmSync(compiled, { recursive: true });
  renameSync(bundled, compiled);
  return true;
}

/** Lets our own modules find the files beside them, though they lie in dist/cli now. */
function keepPlaces({ onLoad }) {
  onLoad({ filter: /\.js$/ }, ({ path }) => {
    if (path.includes("/node_modules/") || !path.startsWith(dist)) return undefined;
    const place = JSON.stringify(`../${relative(dist, path)}`);
    const text = readFileSync(path, "utf8");
    return { contents: text.replaceAll("import.meta.url", `new URL(${place}, import.meta.url).href`) };
  });
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
