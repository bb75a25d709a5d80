// Opens a URL as a source: the bytes are hashed while they are read, and the digest is compared with the expected one.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { type DownloadLimits, type HostPolicy, shownUrl } from "../../outbound/index.js";
import { StevedoreError } from "../../terms/index.js";
import { openDownload } from "./download.js";
import { broken } from "./http-request.js";
import type { OpenSource } from "./source.js";

/** Where the worker may send requests, and how long they may take. */
export interface UrlPolicy extends HostPolicy {
  readonly limits: DownloadLimits;
}

/** How many bytes are read ahead of the reader. */
const readAhead = 256 * 1024;

/**
 * Opens a URL as a stream.
 * @throws `SOURCE_FORBIDDEN` (host, address, 401, 403), `SOURCE_NOT_FOUND` (404, 410), `SOURCE_MISMATCH` (encoded),
 * `LIMIT_EXCEEDED` (time), `INTERNAL` (tried again) for a server that fails; `SOURCE_MISMATCH` from `finish` if the bytes
 * have another sha256.
 */
export async function openUrl(
  { url, sha256 }: { readonly url: string; readonly sha256?: string | undefined },
  policy: UrlPolicy,
  signal: AbortSignal,
): Promise<OpenSource> {
  const target = new URL(url);
  const { size, chunks, close } = await openDownload(target, policy, policy.limits, signal);
  const hash = createHash("sha256");
  let isWhole = false;
  async function* hashed() {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
    isWhole = true;
  }
  const stream = Readable.from(hashed(), { objectMode: false, highWaterMark: readAhead });
  return {
    stream,
    size,
    isArchive: true,
    async finish() {
      if (!isWhole) throw broken(target, "it was not read to its end");
      const actual = hash.digest("hex");
      if (sha256 === undefined || actual === sha256) return;
      throw new StevedoreError(
        "SOURCE_MISMATCH",
        `${shownUrl(target)}: sha256 is ${actual}, expected ${sha256}`,
      );
    },
    async [Symbol.asyncDispose]() {
      stream.on("error", () => undefined);
      stream.destroy();
      close();
    },
  };
}
