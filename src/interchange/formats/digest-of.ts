// The digest by which documents and blobs are named.
import { createHash } from "node:crypto";

/** The sha256 of bytes as manifests write it: `sha256:` and 64 lower-case hex characters. */
export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
