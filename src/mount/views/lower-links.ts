// The links to the lowers in a mount's own folder. A mount may need hundreds, each an inode to make and to remove; so each
// lower has one link that stays, and the links of a mount are hard links to it.

import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { rootPath } from "../../disk/index.js";
import type { Graph } from "../../graph/index.js";

/**
 * Makes the links `0`, `1`, `2` … in a directory.
 * @param lowers what they lead to, each with the id of its image; without one for what is the mount's own
 */
export function linkLowers(
  graph: Graph,
  links: string,
  lowers: readonly { readonly id?: string | undefined; readonly path: string }[],
): void {
  const lasting = rootPath(graph.root, "lowerLinks");
  mkdirSync(lasting, { recursive: true, mode: 0o700 });
  for (const [number, { id, path }] of lowers.entries()) {
    const link = join(links, String(number));
    if (id === undefined) symlinkSync(path, link);
    else if (!linkTo(lastingLink(lasting, id, path), link, path)) symlinkSync(path, link);
  }
}

/**
 * Gives a lasting link a further name; false if that cannot be had (too many names, a file system without), or leads
 * elsewhere by now: a mount by another driver has the image's other form as its lower.
 */
function linkTo(lasting: string, link: string, path: string): boolean {
  try {
    linkSync(lasting, link);
  } catch {
    return false;
  }
  if (readlinkSync(link) === path) return true;
  unlinkSync(link);
  return false;
}

/** Removes the link of an image that leaves the graph. Mounts keep their own names of it. */
export async function forgetLink(graph: Graph, id: string): Promise<void> {
  rmSync(rootPath(graph.root, "lowerLinks", id), { force: true });
}

/** The link of an image that stays; made anew where it is missing or leads elsewhere. */
function lastingLink(directory: string, id: string, path: string): string {
  const link = join(directory, id);
  try {
    if (readlinkSync(link) === path) return link;
  } catch {
    // There is none yet.
  }
  const made = join(directory, `:${randomBytes(8).toString("hex")}`);
  symlinkSync(path, made);
  renameSync(made, link);
  return link;
}
