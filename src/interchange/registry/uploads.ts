// Sends blobs to a repository, in one request or in chunks, and goes on where the registry has them.
import type { Readable } from "node:stream";
import { broken, forbidden, rest } from "../../outbound/index.js";
import { sizeOfBlob } from "./blobs.js";
import {
  type Answer,
  type Asker,
  ask,
  drop,
  explain,
  headerOf,
  isPassing,
  pauseOf,
  refused,
  retryAfter,
  sendStream,
  targetOf,
} from "./http/index.js";
import type { Line } from "./lines.js";
import type { BlobDescriptor } from "./repository.js";
import { cutStream, readWhole, type UploadSource } from "./upload-source.js";

/** The largest blob that is held in memory and sent in one request, in bytes. */
const wholeLimit = 1024 ** 2;
/** The bytes of a chunk, unless the registry wants more. */
const chunkSize = 64 * 1024 ** 2;
/** The largest chunk that a registry may ask for, in bytes. */
const chunkLimit = 1024 ** 3;

const octets = { "content-type": "application/octet-stream" };

/** What is sent, and how it is opened. */
export interface Upload {
  readonly blob: BlobDescriptor;
  /** The blob's bytes from `start` on. */
  open(start: number): Promise<Readable>;
  onSent(bytes: number): void;
}

/** Who asks for what goes with an upload. Where that is, the registry says; messages name where it was begun. */
interface UploadAsker extends Asker {
  readonly shown: URL;
}

/** As `Repository.mountBlob`. */
export async function mountBlob(
  line: Line,
  digest: string,
  from: string,
  signal: AbortSignal,
): Promise<boolean> {
  const asker = askerFor(line, signal, from);
  const url = new URL(asker.shown);
  url.search = new URLSearchParams({ mount: digest, from }).toString();
  const answer = await ask(asker, { method: "POST", url, headers: { "content-length": "0" } }, [201, 202]);
  drop(answer);
  if (answer.status === 201) return true;
  // An upload was begun instead.
  await abandon(asker, uploadUrl(answer, asker));
  return false;
}

/** As `Repository.uploadBlob`. */
export async function uploadBlob(
  line: Line,
  upload: Upload,
  resumes: number,
  signal: AbortSignal,
): Promise<void> {
  const asker = askerFor(line, signal);
  const { blob } = upload;
  if (blob.size <= wholeLimit) {
    const bytes = await readWhole(await upload.open(0), blob.size);
    await sendWhole(line, asker, { digest: blob.digest, bytes }, resumes);
  } else {
    await sendInChunks(line, asker, upload, resumes);
  }
  upload.onSent(blob.size);
}

async function sendWhole(
  line: Line,
  asker: UploadAsker,
  { digest, bytes }: { readonly digest: string; readonly bytes: Buffer },
  resumes: number,
): Promise<void> {
  const { signal } = asker;
  for (let tries = 0; ; ) {
    const { url } = await begin(line, asker);
    try {
      return await finish(asker, url, digest, bytes);
    } catch (error) {
      if (!isPassing(error) || signal.aborted || tries >= resumes) throw error;
    }
    await rest(pauseOf(tries++), signal);
    // Whether a request that broke has been done is to be seen by its blob.
    if ((await sizeOfBlob([line], digest, signal)) === bytes.length) return;
  }
}

async function sendInChunks(
  line: Line,
  asker: UploadAsker,
  { blob, open, onSent }: Upload,
  resumes: number,
): Promise<void> {
  const { signal, kind, shown } = asker;
  let { url, least } = await begin(line, asker);
  let sent = 0;
  const attempt = { isRenewed: false };
  for (let resumed = 0; ; ) {
    // What is wrong with the blob itself stays so.
    const source = cutStream(await open(sent));
    try {
      while (sent < blob.size) {
        const length = Math.min(Math.max(chunkSize, least), blob.size - sent);
        url = await sendChunk(asker, url, source, { start: sent, length, attempt });
        sent += length;
        attempt.isRenewed = false;
        onSent(sent);
      }
      await source.assertEnd();
      return await finish(asker, url, blob.digest);
    } catch (error) {
      if (source.failure !== undefined || !isPassing(error) || signal.aborted || resumed >= resumes) {
        if (!signal.aborted) await abandon(asker, url);
        throw source.failure ?? explain(error, shown, kind, signal);
      }
    } finally {
      source.close();
    }
    await rest(pauseOf(resumed++), signal);
    if ((await sizeOfBlob([line], blob.digest, signal)) === blob.size) return;
    const taken = await takenOf(asker, url, blob.size);
    if (taken === undefined) {
      ({ url, least } = await begin(line, asker));
      sent = 0;
    } else {
      ({ url, sent } = taken);
    }
    onSent(sent);
  }
}

function askerFor(line: Line, signal: AbortSignal, from?: string): UploadAsker {
  return { ...line.asker(signal, from), shown: line.url("blobs/uploads/") };
}

/** Begins an upload. */
async function begin(line: Line, asker: UploadAsker): Promise<{ readonly url: URL; readonly least: number }> {
  const headers = { "content-length": "0" };
  const url = line.url("blobs/uploads/");
  const answer = await ask(asker, { method: "POST", url, headers }, [202]);
  drop(answer);
  const least = Number(headerOf(answer.headers, "oci-chunk-min-length") ?? 0);
  return { url: uploadUrl(answer, asker), least: least > 0 && least <= chunkLimit ? least : 0 };
}

/**
 * Sends one chunk.
 * @returns where the upload goes on
 * @throws `INTERNAL` where the upload may go on after a look at it; as `refused`
 */
async function sendChunk(
  asker: UploadAsker,
  url: URL,
  source: UploadSource,
  { start, length, attempt }: { start: number; length: number; attempt: { isRenewed: boolean } },
): Promise<URL> {
  const { patience, authorization, signal, kind, shown } = asker;
  const used = await authorization.header();
  const headers = {
    ...octets,
    "content-length": String(length),
    "content-range": `${start}-${start + length - 1}`,
    ...(used === undefined ? {} : { authorization: used }),
  };
  let left = length;
  const answer = await sendStream(asker, { method: "PATCH", url, shown, headers }, counted(), patience.wait);
  const { status } = answer;
  if (status === 202 && left === 0) {
    drop(answer);
    const taken = endOf(headerOf(answer.headers, "range"));
    if (taken !== undefined && taken !== start + length) {
      throw broken(shown, kind, `the registry has ${taken} bytes of ${start + length} that were sent`);
    }
    return uploadUrl(answer, asker);
  }
  const pause = retryAfter(answer);
  const isFresh = status === 401 && !attempt.isRenewed;
  if (isFresh && (await authorization.renew(answer.headers["www-authenticate"], used))) {
    attempt.isRenewed = true;
  } else if (pause !== undefined) {
    await patience.pause(shown, pause, signal);
  } else if (![202, 404, 416].includes(status)) {
    throw await refused(answer, asker, patience.wait);
  }
  answer.body.destroy();
  throw broken(shown, kind, `the server answers ${status} to a part of a blob`);

  async function* counted() {
    for await (const chunk of source.take(length)) {
      left -= chunk.length;
      yield chunk;
    }
  }
}

/** Ends an upload: the registry checks the digest. */
async function finish(asker: UploadAsker, upload: URL, digest: string, bytes?: Buffer): Promise<void> {
  const url = new URL(upload);
  // As it stands: what may be signed is not written anew.
  url.search = `${upload.search}${upload.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`;
  const body = bytes ?? Buffer.alloc(0);
  const headers = { ...octets, "content-length": String(body.length) };
  // A request that broke may have been done: it is not sent again without a look.
  const { shown } = asker;
  drop(await ask({ ...asker, retries: 0 }, { method: "PUT", url, shown, headers, body }, [201, 204]));
}

/** How much of an upload the registry has, and where it goes on; undefined for one that must be begun anew. */
async function takenOf(
  asker: UploadAsker,
  upload: URL,
  size: number,
): Promise<{ readonly url: URL; readonly sent: number } | undefined> {
  const request = { method: "GET", url: upload, shown: asker.shown, headers: {} } as const;
  const answer = await ask(asker, request, [200, 202, 204, 404, 410]);
  drop(answer);
  if (answer.status >= 400) return undefined;
  const sent = endOf(headerOf(answer.headers, "range"));
  // Registries say 0-0 of nothing and of one byte alike.
  if (sent === undefined || sent <= 1 || sent > size) {
    await abandon(asker, upload);
    return undefined;
  }
  return { sent, url: answer.headers.location === undefined ? upload : uploadUrl(answer, asker) };
}

/** Removes an upload that is not gone on with, if the registry lets it: tokens for a push are often not enough. */
async function abandon(asker: UploadAsker, url: URL): Promise<void> {
  const authorization = { header: asker.authorization.header, renew: async () => false };
  const once = { ...asker, authorization, retries: 0, heedsRetryAfter: false };
  await ask(once, { method: "DELETE", url, headers: {} }, [200, 202, 204]).then(drop, () => undefined);
}

/** Where an upload goes on. @throws the refusal of a push for another host */
function uploadUrl(answer: Answer, { kind }: Asker): URL {
  const target = targetOf(answer, kind);
  if (target.origin === answer.url.origin) return target;
  throw forbidden(answer.shown, kind, `it wants the blob to be sent to another host (${target.origin})`);
}

/** How many bytes a `Range` of an upload, such as `0-1023`, stands for. */
function endOf(range: string | undefined): number | undefined {
  const end = /^(?:bytes=)?0-(\d{1,15})$/.exec(range ?? "")?.[1];
  return end === undefined ? undefined : Number(end) + 1;
}
