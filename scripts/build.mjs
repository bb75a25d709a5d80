// Compiles src/ into an empty dist/, and the dashboard's pages for the browser. Fails, and leaves no dist/, if there is
// an error.
//
//   node scripts/build.mjs [--if-stale]     --if-stale: only if dist/ is older than what it is made from
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("..", import.meta.url));
const dist = join(project, "dist");
const main = join(dist, "cli/main.js");
/** Written last, so that it stands only in a whole dist/. Its time is when the compiler began to read. */
const stamp = join(dist, ".built");

if (!process.argv.includes("--if-stale") || isStale()) build();

function build() {
  console.log("build: compiling src into dist");
  const began = new Date();
  rmSync(dist, { recursive: true, force: true });
  if (!run("tsc", "--noEmitOnError") || !run("vite", "build", "--logLevel", "warn")) {
    console.error("build: failed");
    rmSync(dist, { recursive: true, force: true });
    process.exitCode = 1;
    return;
  }
  if (existsSync(main)) chmodSync(main, 0o755);
  writeFileSync(stamp, "");
  utimesSync(stamp, began, began);
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
