// The names in an archive, each looked at by itself: which are safe, and how GNU tar understands their spelling. All
// are latin1 strings.
import { StevedoreError } from "../../terms/index.js";
import { quoteName } from "./header.js";

/** The longest path Linux takes, in bytes, without the NUL at its end (PATH_MAX). */
const longestPath = 4095;

/**
 * The components of an entry's name, or of the target of a hard link with that name, without empty ones and `.`.
 * @throws `UNSAFE_ENTRY` if it is absolute or holds `..`, `LIMIT_EXCEEDED` if it is longer than Linux takes.
 */
export function checkName(path: string, entryName: string): string[] {
  checkLength(path, subject(path, entryName));
  if (path.startsWith("/")) throw unsafe(`${subject(path, entryName)} is an absolute path`);
  if (hasDotDot(path)) throw unsafe(`${subject(path, entryName)} holds ".."`);
  return splitName(path);
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

/** True for the target of a symlink that may lead out of the layer. */
export function mayLeave(target: string): boolean {
  return target.startsWith("/") || hasDotDot(target);
}

/** The name without slashes at its end: so tar remembers a directory. */
export function withoutSlashes(name: string): string {
  let end = name.length;
  while (end > 0 && name[end - 1] === "/") end--;
  return name.slice(0, end);
}

/** The part of a name before its last component, without the slash between them. */
export function directoryOf(name: string): string {
  const path = withoutSlashes(name);
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The beginning of a path, as it is spelled, with its first `count` components; empty ones and `.` do not count. */
export function beginning(path: string, count: number): string {
  const component = /[^/]+/g;
  for (let left = count; left > 0; ) {
    const found = component.exec(path);
    if (found === null) return path;
    if (found[0] !== ".") left--;
  }
  return path.slice(0, component.lastIndex);
}

/** The error for an entry that must not reach the disk. */
export function unsafe(message: string): StevedoreError {
  return new StevedoreError("UNSAFE_ENTRY", message);
}
