// What an image id is, and how one is made, checked and shown.
import { randomBytes } from "node:crypto";
import { StevedoreError } from "../terms/index.js";

const idPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** A new id: 64 hex characters from the CSPRNG, as Docker makes them. */
export function makeId(): string {
  return randomBytes(32).toString("hex");
}

/**
 * True for a name that may be an image's: 1 to 128 of `A-Z a-z 0-9 _ . -`, beginning with a letter or digit.
 * Such a name is one path component, is neither `.` nor `..`, and is no option to a tool.
 */
export function isId(value: unknown): value is string {
  return typeof value === "string" && idPattern.test(value);
}

/** @throws `INVALID_ID` naming the value, quoted, if it is no id. */
export function assertId(value: unknown): asserts value is string {
  if (isId(value)) return;
  const shown = typeof value === "string" ? quote(value) : typeof value;
  throw new StevedoreError(
    "INVALID_ID",
    `${shown} is no image id: it takes 1 to 128 of A-Z a-z 0-9 _ . - and begins with a letter or digit`,
  );
}

/** The first 12 characters, as people are shown it. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** A name of unknown origin in quotes for a message: bounded, and nothing in it that moves a terminal. */
export function quote(name: string): string {
  const shown = JSON.stringify(name.length > 140 ? `${name.slice(0, 140)}...` : name);
  return shown.replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
