// Reads the headers with the expected digest of a body: Content-Digest and Repr-Digest (RFC 9530), which are dictionaries
// of byte sequences (RFC 8941, sections 3.2 and 3.3.5), and the older Digest (RFC 3230).
import { HttpError } from "../../problem.js";

/** The known algorithms, by their names in the headers, with the length of their digests in bytes. */
const algorithms = { "sha-256": 32, "sha-512": 64 } as const;
export type DigestAlgorithm = keyof typeof algorithms;

export interface ExpectedDigest {
  readonly algorithm: DigestAlgorithm;
  readonly digest: Buffer;
}

/** A dictionary key, `=`, and a byte sequence. No algorithm has parameters. */
const member = /^([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):$/;
/** RFC 3230, section 4.1.1: names of algorithms are in either case. */
const oldMember = /^([A-Za-z0-9_-]+)=([A-Za-z0-9+/]*={0,2})$/;

/**
 * Reads a Content-Digest or Repr-Digest header. Digests of unknown algorithms are ignored, as long as there is a known
 * one.
 * @throws 400 for a header that is malformed, or has no known algorithm
 */
export function parseDigestField(name: string, field: string): ExpectedDigest[] {
  return parseMembers(name, field, member, (key) => key);
}

/** Reads a Digest header, as `parseDigestField` does. */
export function parseOldDigestField(field: string): ExpectedDigest[] {
  return parseMembers("Digest", field, oldMember, (key) => key.toLowerCase());
}

/** A digest as the headers have it. */
export function formatDigest({ algorithm, digest }: ExpectedDigest): string {
  return `${algorithm}=:${digest.toString("base64")}:`;
}

/** The algorithm's name in node:crypto. */
export function hashName(algorithm: DigestAlgorithm): "sha256" | "sha512" {
  return algorithm === "sha-256" ? "sha256" : "sha512";
}

function parseMembers(
  name: string,
  field: string,
  pattern: RegExp,
  keyOf: (key: string) => string,
): ExpectedDigest[] {
  // If a key comes twice, the last one counts (RFC 8941, section 4.2.2).
  const found = new Map<DigestAlgorithm, Buffer>();
  for (const text of field.split(",")) {
    const [, key, encoded = ""] = pattern.exec(text.replace(/^[ \t]+|[ \t]+$/g, "")) ?? [];
    if (key === undefined) throw malformed(name, "is malformed");
    const algorithm = keyOf(key);
    if (!isAlgorithm(algorithm)) continue;
    const digest = Buffer.from(encoded, "base64");
    if (digest.length !== algorithms[algorithm] || digest.toString("base64") !== encoded) {
      throw malformed(name, `holds no ${algorithm} digest in base64`);
    }
    found.set(algorithm, digest);
  }
  if (found.size === 0) throw malformed(name, "names no algorithm that is known here");
  return [...found].map(([algorithm, digest]) => ({ algorithm, digest }));
}

function isAlgorithm(name: string): name is DigestAlgorithm {
  return Object.hasOwn(algorithms, name);
}

function malformed(name: string, why: string): HttpError {
  const form = name === "Digest" ? "sha-256=BASE64" : "sha-256=:BASE64:";
  return new HttpError(
    400,
    "INVALID_REQUEST",
    `the field ${name} ${why}: use ${form}, or the same of sha-512`,
  );
}
