// Which page a path is of, and what its segments stand for.
import { type PagePath, pagePaths } from "../page-paths.js";

export interface MatchedPage {
  readonly path: PagePath;
  /** What stands at the segments with a colon, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** Undefined for what is not a page of this app. @param path without its query */
export function matchPath(path: string): MatchedPage | undefined {
  const parts = segmentsOf(path);
  for (const known of pagePaths) {
    const params = match(segmentsOf(known), parts);
    if (params !== undefined) return { path: known, params };
  }
  return undefined;
}

function match(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, expected] of pattern.entries()) {
    const part = parts[at] ?? "";
    if (expected.startsWith(":")) params[expected.slice(1)] = decode(part);
    else if (expected !== part) return undefined;
  }
  return params;
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter(Boolean);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
