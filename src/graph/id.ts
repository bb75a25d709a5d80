// How the id of a new image is made.
import { randomBytes } from "node:crypto";

/** A new id: 64 hex characters from the CSPRNG, as Docker makes them. */
export function makeId(): string {
  return randomBytes(32).toString("hex");
}
