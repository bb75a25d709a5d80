// The version that statuses tell.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The version in the package's own package.json. */
export function packageVersion(): string {
  try {
    const path = createRequire(import.meta.url).resolve("stevedore-graph/package.json");
    return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
  } catch {
    // A bundler has taken this module out of its package.
    return "unknown";
  }
}
