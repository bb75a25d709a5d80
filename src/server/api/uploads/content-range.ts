// Reads the header Content-Range of a part of an upload (RFC 9110, section 14.4).
import { HttpError } from "../../problem.js";

/** A part's place in the upload, in bytes, both ends included; `total` is undefined if the client does not know it yet. */
export interface PartRange {
  readonly first: number;
  readonly last: number;
  readonly total: number | undefined;
}

/**
 * Reads `bytes FIRST-LAST/TOTAL`, where TOTAL is `*` if it is not known yet. For `bytes * /TOTAL` (without the space), by
 * which a client that sends nothing asks how much is there, it returns `inquiry`.
 * @throws 400 for anything else
 */
export function parseContentRange(field: string): PartRange | "inquiry" {
  if (/^bytes \*\/(\d{1,15}|\*)$/i.test(field)) return "inquiry";
  const [, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(field) ?? [];
  const range = {
    first: Number(first),
    last: Number(last),
    total: total === "*" ? undefined : Number(total),
  };
  // A comparison with NaN is false.
  if (range.first <= range.last && (range.total === undefined || range.last < range.total)) return range;
  throw new HttpError(
    400,
    "INVALID_REQUEST",
    `Content-Range: ${JSON.stringify(field)} is not valid: use "bytes FIRST-LAST/TOTAL", or "bytes */TOTAL" to ask`,
  );
}
