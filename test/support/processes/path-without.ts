// A host on which some programs are not installed: a PATH with all the others.
import { readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * Fills an empty directory with links to all programs of the host but these, and returns it as a PATH. Programs
 * in sbin directories stay within Stevedore's reach: it looks there whatever the PATH says.
 */
export function pathWithout(directory: string, ...absent: readonly string[]): string {
  const linked = new Set(absent);
  for (const from of ["/usr/local/bin", "/usr/bin", "/bin"]) {
    for (const name of readdirSync(from)) {
      if (!linked.has(name)) symlinkSync(join(from, name), join(directory, name));
      linked.add(name);
    }
  }
  return directory;
}
