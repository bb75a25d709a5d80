// Manifests and indexes of a repository.
import { broken, shownUrl } from "../../outbound/index.js";
import { quote, StevedoreError } from "../../terms/index.js";
import { digestOf, documentKind, longestDocument, mediaTypes } from "../formats/index.js";
import { type Answer, ask, askForDocument, drop, headerOf } from "./http/index.js";
import { type Line, onFirst } from "./lines.js";
import type { FetchedManifest } from "./repository.js";

const accept = [
  mediaTypes.oci.index,
  mediaTypes.oci.manifest,
  mediaTypes.docker.index,
  mediaTypes.docker.manifest,
].join(", ");

/** What registries call a document whose type they do not tell. */
const vagueTypes = ["", "application/json", "application/octet-stream", "text/plain"];

/** As `Repository.manifest`. */
export async function fetchManifest(
  lines: readonly Line[],
  reference: string,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const resource = resourceOf(reference);
  return onFirst(lines, async (line) => {
    const asker = line.asker(signal);
    const url = line.url(resource);
    const request = { method: "GET", url, headers: { accept } } as const;
    const { answer, bytes } = await askForDocument(asker, request, longestDocument);
    assertPlain(answer);
    const digest = digestOf(bytes);
    const named = isDigest(reference) ? reference : headerOf(answer.headers, "docker-content-digest");
    if (named?.startsWith("sha256:") && named !== digest) {
      throw mismatch(url, `its sha256 is ${digest}, not ${isDigest(named) ? named : "what it was called"}`);
    }
    return { bytes, digest, mediaType: mediaTypeOf(bytes, answer, url) };
  });
}

/** As `Repository.hasManifest`. */
export async function hasManifest(lines: readonly Line[], reference: string, signal: AbortSignal) {
  const resource = resourceOf(reference);
  return onFirst(lines, async (line) => {
    const url = line.url(resource);
    const answer = await ask(line.asker(signal), { method: "HEAD", url, headers: { accept } }, [200, 404]);
    drop(answer);
    if (answer.status === 404 && line !== lines.at(-1)) throw absent(url);
    return answer.status === 200;
  });
}

/** As `Repository.putManifest`. */
export async function putManifest(
  line: Line,
  reference: string,
  { mediaType, bytes }: Pick<FetchedManifest, "mediaType" | "bytes">,
  signal: AbortSignal,
): Promise<void> {
  const asker = line.asker(signal);
  const url = line.url(resourceOf(reference));
  const headers = { "content-type": mediaType };
  const answer = await ask(asker, { method: "PUT", url, headers, body: bytes }, [200, 201, 202]);
  drop(answer);
  const named = headerOf(answer.headers, "docker-content-digest");
  const digest = digestOf(bytes);
  if (named?.startsWith("sha256:") && named !== digest) {
    throw broken(
      url,
      asker.kind,
      `the registry took it for ${isDigest(named) ? named : "something else"}, not ${digest}`,
    );
  }
}

/** True for `sha256:` and 64 hexadecimal digits. */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** An encoded body would have another sha256 and length. @throws `SOURCE_MISMATCH` */
export function assertPlain({ headers, shown, body }: Answer): void {
  const encoding = headers["content-encoding"] ?? "identity";
  if (/^identity$/i.test(String(encoding))) return;
  body.destroy();
  throw mismatch(shown, "the server sends it encoded, although its plain bytes were asked for");
}

/** The error of a source that is another than was described. */
export function mismatch(url: URL, why: string): StevedoreError {
  return new StevedoreError("SOURCE_MISMATCH", `${shownUrl(url)}: ${why}`);
}

/** The error of what is not there. */
export function absent(url: URL): StevedoreError {
  return new StevedoreError("SOURCE_NOT_FOUND", `${shownUrl(url)}: it is not there`);
}

function resourceOf(reference: string): string {
  if (!isDigest(reference) && !/^\w[\w.-]{0,127}$/.test(reference)) {
    throw new StevedoreError(
      "INVALID_NAME",
      `${quote(reference.slice(0, 150))} is neither a tag nor a sha256 digest`,
    );
  }
  return `manifests/${reference}`;
}

/** What the answer says of the document and what the document says of itself must be the same. */
function mediaTypeOf(bytes: Buffer, { headers }: Answer, url: URL): string {
  const named = (headerOf(headers, "content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const own = typesOf(bytes);
  const isFirst = own.schemaVersion === 1 || /distribution\.manifest\.v1\b/.test(named);
  if (isFirst)
    throw bad(url, "it is a manifest of Docker's schema 1, which is not supported: push the image anew");
  const isVague = vagueTypes.includes(named);
  if (own.mediaType === undefined) {
    if (isVague) throw bad(url, "neither the registry nor the document says what it is");
    return named;
  }
  if (!isVague && named !== own.mediaType) {
    throw bad(url, `it says that it is ${nameOf(own.mediaType)}, but was sent as ${nameOf(named)}`);
  }
  return own.mediaType;
}

/** What a registry writes is not repeated, unless it is a word of ours. */
function nameOf(mediaType: string): string {
  return documentKind(mediaType) === undefined ? "something unknown" : mediaType;
}

function typesOf(bytes: Buffer): { readonly mediaType?: string; readonly schemaVersion?: unknown } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString());
  } catch {
    // Whoever reads it says what is wrong with it.
    return {};
  }
  if (typeof parsed !== "object" || parsed === null) return {};
  const { mediaType, schemaVersion } = parsed as { mediaType?: unknown; schemaVersion?: unknown };
  return { schemaVersion, ...(typeof mediaType === "string" ? { mediaType } : {}) };
}

function bad(url: URL, why: string): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", `${shownUrl(url)}: ${why}`);
}
