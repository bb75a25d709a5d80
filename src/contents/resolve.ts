// Finds a path in what is seen of an image. Symbolic links and `..` lead about within the image, as they do for a process
// whose root it is: never out of it.
import { mostSymlinks } from "../layer/index.js";
import { StevedoreError } from "../terms/index.js";
import type { ImageContents } from "./image-contents.js";
import { type Seen, seenIn } from "./merge.js";
import { pathIn, quotePath } from "./path-spelling.js";

/** A place in an image. */
export interface Place {
  /** Without a symbolic link on the way; `""` is the root. */
  readonly path: string;
  readonly seen: Seen;
}

/**
 * Follows a path from the root.
 * @param path a latin1 string, with or without a slash at its beginning
 * @param followsLast whether a symbolic link at the end is followed too, as it is where a slash ends the path
 * @throws `FILE_NOT_FOUND`; `NOT_A_DIRECTORY` for what would have to be one; `NOT_A_FILE` for links that lead in a circle
 */
export function resolve(contents: ImageContents, path: string, followsLast: boolean): Place {
  const root: Place = { path: "", seen: contents.root };
  const way = [root];
  const todo = namesOf(path).reverse();
  const mustBeDirectory = followsLast || path.endsWith("/");
  let followed = 0;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    const at = way.at(-1) ?? root;
    if (at.seen.node.type !== "directory") throw notADirectory(at.path);
    if (name === "..") {
      if (way.length > 1) way.pop();
      continue;
    }
    const seen = seenIn(at.seen.parts, name);
    const child = pathIn(at.path, name);
    if (seen === undefined) throw fileNotFound(path, child);
    const { target } = seen.node;
    if (target !== undefined && (todo.length > 0 || mustBeDirectory)) {
      if (++followed > mostSymlinks) {
        throw new StevedoreError(
          "NOT_A_FILE",
          `${quotePath(path)} leads through more than ${mostSymlinks} symbolic links: they lead in a circle`,
        );
      }
      if (target.startsWith("/")) way.length = 1;
      todo.push(...namesOf(target).reverse());
    } else way.push({ path: child, seen });
  }
  const found = way.at(-1) ?? root;
  if (path.endsWith("/") && found.seen.node.type !== "directory") throw notADirectory(found.path);
  return found;
}

/** The names of a path, without those that say nothing. */
export function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** The error for a path that an image or a layer does not have. @param missing where it ends */
export function fileNotFound(path: string, missing: string): StevedoreError {
  const asked = namesOf(path).join("/");
  const why = asked === missing ? "" : `: ${quotePath(missing)} is not there`;
  return new StevedoreError("FILE_NOT_FOUND", `there is no ${quotePath(asked)} in the image${why}`);
}

export function notADirectory(path: string): StevedoreError {
  return new StevedoreError("NOT_A_DIRECTORY", `${quotePath(path)} is not a directory`);
}
