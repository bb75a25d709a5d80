// The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a string of RFC 8941, section 3.3.3.
import { HttpError } from "../problem.js";

export const idempotencyKey = "idempotency-key";

/** In quotes, of printable ASCII; or without quotes if its characters need none, as many clients send it. */
const form = /^(?:"((?:[ !#-[\]-~]|\\["\\]){1,255})"|([A-Za-z0-9._~:/+=-]{1,255}))$/;

/**
 * Reads the key from its header; undefined without a header.
 * @throws 400 `INVALID_REQUEST` for a key that is not valid
 */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, quoted, plain] = (Array.isArray(header) ? null : form.exec(header.trim())) ?? [];
  const key = quoted?.replaceAll(/\\(.)/g, "$1") ?? plain;
  if (key !== undefined) return key;
  throw new HttpError(
    400,
    "INVALID_REQUEST",
    'Idempotency-Key: it takes 1 to 255 characters in quotes, as "8e03978e-40d5-43dd-bc93-6894a57f9324"',
  );
}
