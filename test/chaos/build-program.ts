// Compiles the programs in C that trials need.
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { shell } from "../support/processes/shell.js";

/** Compiles one into a directory. @param source its path from this folder @returns where it is */
export async function buildProgram(directory: string, source: string, flags = ""): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const built = join(directory, basename(source, ".c"));
  await shell(`gcc -O2 -Wall ${flags} -o ${built} ${join(import.meta.dirname, source)}`);
  return built;
}
