// The names in an archive, each looked at by itself: which are safe, and what their canonical spelling is. All are
// latin1 strings. The root of the layer is the root of all names, whether they begin with a slash or not.
import { StevedoreError } from "../../terms/index.js";
import { quoteName } from "./header.js";

/** The longest path Linux takes, in bytes, without the NUL at its end (PATH_MAX). */
const longestPath = 4095;

/**
 * The components of an entry's name, or of the target of a hard link with that name, without empty ones and `.`.
 * @throws `UNSAFE_ENTRY` if it holds `..`, `LIMIT_EXCEEDED` if it is longer than Linux takes.
 */
export function checkName(path: string, entryName: string): string[] {
  if (hasDotDot(path)) throw unsafe(`${subject(path, entryName)} holds ".."`);
  const parts = splitName(path);
  // What does not count may be as long as it likes.
  if (path.length > longestPath) checkLength(parts.join("/"), subject(path, entryName));
  return parts;
}

/** @throws `LIMIT_EXCEEDED` if the path is longer than Linux takes; `what` names it in the message */
export function checkLength(path: string, what: string): void {
  if (path.length <= longestPath) return;
  throw new StevedoreError("LIMIT_EXCEEDED", `${what} is longer than the ${longestPath} bytes Linux takes`);
}

/** The beginning of a message about an entry's name, or about the target of the hard link `entryName`. */
export function subject(path: string, entryName: string): string {
  if (path === entryName) return quoteName(path);
  return `${quoteName(entryName)} is a hard link to ${quoteName(path)}, which`;
}

/** The components of a path, without empty ones and `.`. */
export function splitName(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

/** True if a component of the path is `..`. */
export function hasDotDot(path: string): boolean {
  return path.includes("..") && path.split("/").includes("..");
}

/** True for the target of a symlink that leads to another place on the host than in the layer, or may do so. */
export function mayLeave(target: string): boolean {
  return target.startsWith("/") || hasDotDot(target);
}

/** The error for an entry that must not reach the disk. */
export function unsafe(message: string): StevedoreError {
  return new StevedoreError("UNSAFE_ENTRY", message);
}
