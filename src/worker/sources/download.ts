// Downloads a URL as one stream. A connection that breaks is resumed where it broke, as long as the server proves that it
// is still the same file. The time limits count only the time spent waiting for the server.
import type { IncomingMessage } from "node:http";
import { type DownloadLimits, type HostPolicy, rest, startPatience } from "../../outbound/index.js";
import { StevedoreError } from "../../terms/index.js";
import { ask, broken, download, explain } from "./http-request.js";

interface Download {
  /** The size in bytes, as the server announces it. */
  readonly size: number | undefined;
  /** @throws as `openDownload`; `INTERNAL` also if the file changes on the server */
  readonly chunks: AsyncGenerator<Buffer, void, undefined>;
  /** Ends it, wherever it stands. */
  close(): void;
}

/** The pause before the download is first resumed, in ms. Each further pause is twice as long. */
const firstPause = 250;
/** How old a file must be for its time of modification to identify its version, in ms (RFC 9110, 8.8.2.2). */
const settled = 60_000;

/**
 * Starts to download a URL.
 * @throws as `ask`; `INTERNAL` if the server is silent for too long; `LIMIT_EXCEEDED` if it takes too long in all
 */
export async function openDownload(
  url: URL,
  policy: HostPolicy,
  limits: DownloadLimits,
  cancel: AbortSignal,
): Promise<Download> {
  const over = new AbortController();
  const signal = AbortSignal.any([cancel, over.signal]);
  const { wait } = startPatience(limits, download);
  const first = await ask(url, {}, policy, wait, signal);
  const size = sizeOf(first);
  const mark = validatorOf(first);
  let received = 0;
  let resumed = 0;

  async function* chunks(): AsyncGenerator<Buffer, void, undefined> {
    for (let response = first; ; ) {
      let failure: unknown;
      try {
        for await (const chunk of bodyOf(response)) {
          received += chunk.length;
          if (received > (size ?? received)) throw broken(url, `it has more than its ${size} bytes`);
          yield chunk;
        }
        if (received === (size ?? received)) return;
        failure = broken(url, "the connection was cut");
      } catch (error) {
        failure = explain(error, url, signal);
      }
      response = await resume(failure);
    }
  }

  async function* bodyOf(response: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
    const body: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await wait(url, body.next(), (error) => response.destroy(error));
        if (next.done) return;
        yield next.value;
      }
    } finally {
      response.destroy();
    }
  }

  /** The response with the rest of the file. @throws the failure if the rest cannot be had */
  async function resume(failure: unknown): Promise<IncomingMessage> {
    for (let reason = failure; ; ) {
      const isTransient = reason instanceof StevedoreError && reason.code === "INTERNAL";
      if (!isTransient || mark === undefined || resumed >= limits.downloadResumes) throw reason;
      await rest(firstPause * 2 ** resumed++, signal);
      let response: IncomingMessage;
      try {
        response = await ask(url, { range: `bytes=${received}-`, "if-range": mark }, policy, wait, signal);
      } catch (error) {
        reason = error;
        continue;
      }
      if (isRest(response)) return response;
      response.destroy();
      throw broken(url, `the connection was cut after ${received} bytes, and the server has no rest of that`);
    }
  }

  /** True for a response with the bytes from `received` on, of the same version of the file. */
  function isRest({ statusCode, headers }: IncomingMessage): boolean {
    const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers["content-range"] ?? "");
    if (statusCode !== 206 || range === null) return false;
    const [start, end, whole] = range.slice(1).map(Number);
    const isSame = headers.etag === undefined || headers.etag === first.headers.etag;
    return isSame && start === received && end === Number(whole) - 1 && whole === (size ?? whole);
  }

  return { size, chunks: chunks(), close: () => over.abort() };
}

function sizeOf({ headers }: IncomingMessage): number | undefined {
  const length = headers["content-length"];
  return length === undefined ? undefined : Number(length);
}

/** The strong validator of a response, for `If-Range` (RFC 9110, 13.1.5); undefined if there is none. */
function validatorOf({ headers }: IncomingMessage): string | undefined {
  if (headers["accept-ranges"] === "none") return undefined;
  if (headers.etag !== undefined) return /^"[^"]*"$/.test(headers.etag) ? headers.etag : undefined;
  const modified = headers["last-modified"];
  const age = Date.parse(headers.date ?? "") - Date.parse(modified ?? "");
  return age >= settled ? modified : undefined;
}
