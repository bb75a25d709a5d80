// What an image id is, and how one is checked and shown.
import { StevedoreError } from "./error.js";
import { quote } from "./quote.js";

/**
 * The ids that are accepted: Docker's own 64 hex characters, the 16 of 2013, and names of that form. Such a name is one
 * path component, is neither `.` nor `..`, and is no option to a tool.
 */
export const imageIdPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** True for what may be an image's id: 1 to 128 of `A-Z a-z 0-9 _ . -`, beginning with a letter or digit. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && imageIdPattern.test(value);
}

/** @throws `INVALID_ID` naming the value, quoted, if it cannot be an image's id. */
export function assertId(value: unknown): asserts value is string {
  if (!isId(value)) throw new StevedoreError("INVALID_ID", invalidId(value));
}

/** What to tell of a value that cannot be an image's id. */
export function invalidId(value: unknown): string {
  const shown =
    typeof value === "string" ? quote(value) : value === undefined ? "a missing id" : typeof value;
  return `${shown} is not a valid image id: it takes 1 to 128 of A-Z a-z 0-9 _ . - and begins with a letter or digit`;
}

/** The first 12 characters, as people are shown it. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
