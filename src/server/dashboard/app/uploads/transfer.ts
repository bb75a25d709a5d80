// Sends a file to the server's inbox, from where it is there up to its end.
import { ask, refusalOf, unreachable } from "../api.js";

/** How much of an upload is there. */
export interface There {
  readonly bytes: number;
  readonly complete: boolean;
}

export function pathOfUpload(name: string): string {
  return `uploads/${encodeURIComponent(name)}`;
}

/** Asks how much of an upload is there: nothing of one that is not known. Throws an ApiError. */
export function askUpload(name: string, signal?: AbortSignal): Promise<There> {
  return ask<There>(pathOfUpload(name), {
    method: "PUT",
    headers: { "content-range": "bytes */*" },
    ...(signal && { signal }),
  });
}

/**
 * Sends what is missing. Throws an ApiError, or what the signal was aborted with.
 * @param onSent called with how many bytes of the whole have gone
 */
export async function sendRest(
  name: string,
  file: File,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { bytes, complete } = await askUpload(name, signal);
  if (complete) return;
  // A part has at least a byte: one that broke off just before its end was noted begins anew.
  const first = bytes < file.size ? bytes : 0;
  onSent(first);
  const range = first === 0 ? undefined : `bytes ${first}-${file.size - 1}/${file.size}`;
  await put(pathOfUpload(name), file.slice(first), range, (sent) => onSent(first + sent), signal);
}

/** By XMLHttpRequest: fetch does not tell how much has gone. */
function put(
  path: string,
  body: Blob,
  range: string | undefined,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    const abort = () => request.abort();
    signal.throwIfAborted();
    signal.addEventListener("abort", abort);
    request.upload.addEventListener("progress", ({ loaded }) => onSent(loaded));
    request.addEventListener("load", () => {
      if (request.status < 300) resolve();
      else reject(refusalOf(request.status, request.response));
    });
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () => reject(signal.reason));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", abort));
    request.open("PUT", `/api/v1/${path}`);
    request.responseType = "json";
    request.setRequestHeader("content-type", "application/octet-stream");
    if (range !== undefined) request.setRequestHeader("content-range", range);
    request.send(body);
  });
}
