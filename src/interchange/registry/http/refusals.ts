// What a refusing answer means. The message says nothing that a registry wrote but the names of the specification's error
// codes: what it writes may repeat what it was sent.
import { broken, forbidden, shownUrl, type Wait } from "../../../outbound/index.js";
import { StevedoreError } from "../../../terms/index.js";
import { type Answer, drop, type Sender } from "./answer.js";
import { collect } from "./body.js";
import { markLasting } from "./failures.js";

/** The codes of OCI Distribution 1.1 and of Docker's API. */
const knownCodes = new Set([
  ...[
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
  ],
  ...["MANIFEST_INVALID", "MANIFEST_UNKNOWN", "MANIFEST_UNVERIFIED", "NAME_INVALID", "NAME_UNKNOWN"],
  ...["SIZE_INVALID", "TAG_INVALID", "RANGE_INVALID", "UNAUTHORIZED", "DENIED", "UNSUPPORTED"],
  ...["TOOMANYREQUESTS", "UNAVAILABLE", "UNKNOWN"],
]);
const longestComplaint = 64 * 1024;

/**
 * The error of an answer that is none of those asked for: the kind's refusal for 401, 403, a redirect and, of a push, 405;
 * `SOURCE_NOT_FOUND` for 404 and 410 of a pull; `LIMIT_EXCEEDED` for 413; else `INTERNAL`.
 */
export async function refused(answer: Answer, sender: Sender, wait: Wait): Promise<StevedoreError> {
  const { status, shown } = answer;
  const { kind } = sender;
  const isPush = kind.refusal === "TARGET_FORBIDDEN";
  const codes = await codesOf(answer, sender, wait);
  const why = `the server answers ${status}${codes.length === 0 ? "" : ` (${codes.join(", ")})`}`;
  if ([401, 403].includes(status) || (isPush && status === 405)) return forbidden(shown, kind, why);
  if (status >= 300 && status < 400) return forbidden(shown, kind, `${why}: what is sent is not redirected`);
  if ([404, 410].includes(status) && !isPush) {
    return new StevedoreError("SOURCE_NOT_FOUND", `${shownUrl(shown)}: ${why}`);
  }
  if (status === 413) return new StevedoreError("LIMIT_EXCEEDED", `${shownUrl(shown)}: ${why}`);
  const failure = broken(shown, kind, why);
  return status >= 500 || [408, 425, 429].includes(status) ? failure : markLasting(failure);
}

async function codesOf(answer: Answer, sender: Sender, wait: Wait): Promise<readonly string[]> {
  try {
    const bytes = await collect(answer, longestComplaint, sender, wait);
    const { errors } = JSON.parse(bytes.toString()) as { errors: { code: unknown }[] };
    const codes = errors.map(({ code }) => String(code)).filter((code) => knownCodes.has(code));
    return [...new Set(codes)];
  } catch {
    drop(answer);
    sender.signal.throwIfAborted();
    return [];
  }
}
