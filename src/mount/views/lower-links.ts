// Short names for the lowers of mounts. A mount may have hundreds, whose full paths have no room in its options; so each
// lower has a link with a name of six characters, which stays, and which all mounts of all images share.

import { createHash } from "node:crypto";
import { readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory, rootPath } from "../../disk/index.js";
import { type Graph, imagePaths } from "../../graph/index.js";
import { isErrno, StevedoreError } from "../../terms/index.js";

/** How many names a link may have: by chance, the first is that of another. */
const namesEach = 3;

/**
 * Finds the links to lowers, and makes those that are missing. What lies under a name and leads elsewhere is left alone.
 * @param paths absolute
 * @returns the names of the links in `lowerLinks`, in the same order
 * @throws `INTERNAL` for a path all of whose names are taken
 */
export function linkLowers(graph: Graph, paths: readonly string[]): string[] {
  const links = rootPath(graph.root, "lowerLinks");
  makeDirectory(links, 0o700);
  return paths.map((path) => {
    for (let number = 0; number < namesEach; number++) {
      const name = linkName(path, number);
      if (isLinkTo(`${links}/${name}`, path)) return name;
    }
    const message = `no link to ${path} can be made: other things have its names, such as ${linkName(path, 0)} in ${links}`;
    throw new StevedoreError("INTERNAL", message);
  });
}

/** The names that a link to a path may have. */
export function linkNamesOf(path: string): string[] {
  return Array.from({ length: namesEach }, (_, number) => linkName(path, number));
}

/** Removes the links to what an image that leaves the graph had as lowers. A mount needs them no more once it is made. */
export async function forgetLinks(graph: Graph, id: string): Promise<void> {
  const links = rootPath(graph.root, "lowerLinks");
  for (const path of [imagePaths(graph.directory, id).layer, rootPath(graph.root, "views", id)]) {
    for (const name of linkNamesOf(path))
      if (leadsTo(join(links, name)) === path) unlinkSync(join(links, name));
  }
  // As older versions called it.
  await rm(join(links, id), { force: true });
}

function linkName(path: string, number: number): string {
  return createHash("sha256").update(`${number} ${path}`).digest("base64url").slice(0, 6);
}

/** True for a link to the path, which is made where nothing lies. */
function isLinkTo(link: string, path: string): boolean {
  const there = leadsTo(link);
  if (there !== undefined) return there === path;
  try {
    symlinkSync(path, link);
    return true;
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
    // Made by another just now, or no link.
    return leadsTo(link) === path;
  }
}

/** Where a link leads; undefined if there is none. */
function leadsTo(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch (error) {
    if (isErrno(error, "ENOENT", "EINVAL")) return undefined;
    throw error;
  }
}
