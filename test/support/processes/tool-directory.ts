// A directory for PATH that holds only the programs a test wants there.
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Links programs into an empty directory: `{tar: "/usr/bin/bsdtar"}` makes bsdtar answer to `tar`. */
export async function linkTools(
  directory: string,
  programs: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, path] of Object.entries(programs)) await symlink(path, join(directory, name));
}

/** Puts a program there that prints a text and does nothing else. */
export async function writeTool(directory: string, name: string, prints: string): Promise<void> {
  await writeFile(join(directory, name), `#!/bin/sh\ncat <<'END'\n${prints}\nEND\n`, { mode: 0o755 });
}
