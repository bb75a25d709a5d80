// The dashboard's app as Vite has built it.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface BuiltApp {
  /** Where its files are. */
  readonly directory: string;
  /** The page that all paths of the dashboard show. */
  readonly index: string;
  /** The path of its style sheet; undefined before it is built. */
  readonly style: string | undefined;
}

/** Reads it from beside this module. */
export function readBuiltApp(): BuiltApp {
  const directory = fileURLToPath(new URL("./app/", import.meta.url));
  const index = readFileSync(`${directory}index.html`, "utf8");
  const [, style] = /<link rel="stylesheet"[^>]*? href="([^"]+)"/.exec(index) ?? [];
  return { directory, index, style };
}
