// Compiles the programs of this folder.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { shell } from "../../support/processes/shell.js";

/** Compiles one into a directory. @returns where it is */
export async function buildProgram(directory: string, source: string, flags = ""): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const built = join(directory, source.replace(".c", ""));
  await shell(`gcc -O2 -Wall ${flags} -o ${built} ${join(import.meta.dirname, source)}`);
  return built;
}
