// What errors of connections mean.
import { broken, type RequestKind, shownUrl } from "../../../outbound/index.js";
import { cancelled, isErrno, StevedoreError } from "../../../terms/index.js";

/** Errors of connections after which it is worth to try again. */
const passing = [
  ...["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN"],
  ...["ERR_STREAM_PREMATURE_CLOSE", "UND_ERR_SOCKET", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_ABORTED"],
];

/** Errors of the code `INTERNAL` that would only come again. A job that is tried again may find the registry mended. */
const lasting = new WeakSet<StevedoreError>();

/** Makes an error one after which it is not worth to try again at once. */
export function markLasting(error: StevedoreError): StevedoreError {
  lasting.add(error);
  return error;
}

/** Whether an error that was thrown, explained or not, may be gone the next time. */
export function isPassing(error: unknown): boolean {
  if (error instanceof StevedoreError) return error.code === "INTERNAL" && !lasting.has(error);
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return isErrno(first, ...passing);
}

/** The code of an error of Node's, such as `ENOENT`; empty for any other. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Translates an error of a connection. */
export function explain(error: unknown, url: URL, kind: RequestKind, signal: AbortSignal): StevedoreError {
  if (signal.aborted) return cancelled(signal);
  if (error instanceof StevedoreError) {
    // Addresses are judged without knowing for what.
    const isRefusal = error.code === "SOURCE_FORBIDDEN" && kind.refusal !== error.code;
    return isRefusal ? new StevedoreError(kind.refusal, error.message) : error;
  }
  if (isErrno(error, "UND_ERR_HEADERS_OVERFLOW")) {
    return new StevedoreError("LIMIT_EXCEEDED", `${shownUrl(url)}: the headers of its answer are too long`);
  }
  if (isErrno(error, "ECONNRESET", "UND_ERR_SOCKET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE")) {
    return broken(url, kind, "the connection was cut");
  }
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = errnoOf(first);
  if (code.startsWith("HPE_")) return broken(url, kind, `it does not speak HTTP (${code})`);
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) {
    return broken(
      url,
      kind,
      `its certificate is not trusted (${code}): --registry-ca names further certificates`,
    );
  }
  // By HTTP to a port of TLS, or the other way round.
  if (code === "EPROTO" || code.startsWith("ERR_SSL"))
    return broken(url, kind, `it does not speak TLS (${code})`);
  return broken(url, kind, first instanceof Error ? first.message : "the request failed");
}
