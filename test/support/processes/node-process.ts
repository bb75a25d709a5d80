// Processes of their own that run modules of src/: for races between processes, and for those that get killed.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { build } from "vite";
import { onceInRun } from "../once-in-run.js";

/**
 * Compiles a module of src/, such as `graph/index.ts`, with all it imports; returns its path. That is done once in a run of
 * the tests, whichever file asks first.
 */
export async function bundle(module: string): Promise<string> {
  const directory = await onceInRun(module.replaceAll(/[/.]/g, "-"), (outDir) =>
    build({
      configFile: false,
      logLevel: "error",
      ssr: { noExternal: true },
      build: {
        ssr: fileURLToPath(new URL(`../../../src/${module}`, import.meta.url)),
        outDir,
        rollupOptions: { output: { entryFileNames: "index.mjs" } },
      },
    }),
  );
  return join(directory, "index.mjs");
}

/**
 * Starts Node on the text of an ES module. It finds the arguments in `process.argv` from 1 on, and imports
 * a bundled module by a path that it is given there.
 */
export function startNode(program: string, ...args: string[]) {
  return execa(process.execPath, ["--input-type=module", "-e", program, ...args], { stdin: "ignore" });
}

/** Resolves when a process has written something to its stdout. */
export async function firstOutput(child: ReturnType<typeof startNode>): Promise<string> {
  return Promise.race([
    new Promise<string>((resolve) => child.stdout.once("data", (chunk) => resolve(String(chunk)))),
    child.then(({ stdout }) => stdout),
  ]);
}
