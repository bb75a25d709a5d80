// Entity tags: a client asks whether its copy is still current (RFC 9110, section 13.1.2).
import { z } from "zod";

/** The schema of an answer 304. */
export const notModified = z.null().meta({ description: "What the client has is still what there is" });

/** True if an `If-None-Match` field names the tag, by weak comparison, or is `*`. */
export function namesTag(field: string | undefined, tag: string): boolean {
  if (field === undefined) return false;
  if (field.trim() === "*") return true;
  const named = field.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return named.some((each) => each.replace(/^W\//, "") === tag.replace(/^W\//, ""));
}
