// Reads what the headers of a request say of the upload, before its body is read.
import type { IncomingHttpHeaders } from "node:http";
import { HttpError } from "../../problem.js";
import { type PartRange, parseContentRange } from "./content-range.js";
import { type ExpectedDigest, parseDigestField, parseOldDigestField } from "./digest-field.js";

export interface UploadRequest {
  /** The part that the body is; undefined for a whole upload. */
  readonly part: PartRange | undefined;
  /** How many bytes the body may have; a part must have exactly as many. */
  readonly limit: number;
  /** The expected digests of this request's body. */
  readonly bodyDigests: readonly ExpectedDigest[];
  /** The expected digests of the whole upload. */
  readonly wholeDigests: readonly ExpectedDigest[];
}

/**
 * Reads the headers of a request.
 * @returns `inquiry` for a request that brings nothing and asks how much is there
 * @throws 400 for a malformed header, 413 for more bytes than `limit`, 415 for a form, 422 for an empty body
 */
export function readUploadRequest(headers: IncomingHttpHeaders, limit: number): UploadRequest | "inquiry" {
  const { "content-type": type = "", "content-range": range, "content-length": length } = headers;
  if (/^multipart\//i.test(type)) {
    throw new HttpError(
      415,
      "INVALID_REQUEST",
      `an upload is the archive itself, not ${type.split(";", 1)[0]}: use curl -T FILE, not -F`,
    );
  }
  const part = range === undefined ? undefined : parseContentRange(range);
  if (part === "inquiry") return part;
  const bytes = length === undefined ? undefined : Number(length);
  if (bytes === 0 || (bytes === undefined && headers["transfer-encoding"] === undefined)) throw emptyBody();
  const partBytes = part && part.last - part.first + 1;
  if (partBytes !== undefined && bytes !== undefined && bytes !== partBytes) {
    throw new HttpError(
      400,
      "INVALID_REQUEST",
      `Content-Range is of ${partBytes} bytes, the body of ${bytes}`,
    );
  }
  if (Math.max(bytes ?? 0, part?.total ?? 0, part === undefined ? 0 : part.last + 1) > limit) {
    throw new HttpError(413, "LIMIT_EXCEEDED", `an upload takes ${limit} bytes at most`);
  }
  return { part, limit: partBytes ?? limit, ...digestsOf(headers) };
}

/** The refusal of a body without a byte. */
export function emptyBody(): HttpError {
  return new HttpError(422, "BAD_ARCHIVE", "an upload is an archive: this body is empty");
}

function digestsOf(headers: IncomingHttpHeaders): Pick<UploadRequest, "bodyDigests" | "wholeDigests"> {
  const parsed = (name: string) => {
    const field = headers[name.toLowerCase()];
    return field === undefined ? [] : parseDigestField(name, String(field));
  };
  const old = headers.digest === undefined ? [] : parseOldDigestField(String(headers.digest));
  return { bodyDigests: parsed("Content-Digest"), wholeDigests: [...parsed("Repr-Digest"), ...old] };
}
