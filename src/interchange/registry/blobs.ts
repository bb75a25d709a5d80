// Reads blobs of a repository. What a digest names is the same at every endpoint and at every time, so a stream that breaks
// goes on wherever the rest can be had.
import { Readable } from "node:stream";
import { broken, rest } from "../../outbound/index.js";
import { quote, StevedoreError } from "../../terms/index.js";
import {
  type Answer,
  type Asker,
  ask,
  chunksOf,
  drop,
  headerOf,
  isPassing,
  lengthOf,
  pauseOf,
} from "./http/index.js";
import { type Line, onFirst } from "./lines.js";
import { absent, assertPlain, isDigest, mismatch } from "./manifests.js";
import type { BlobDescriptor } from "./repository.js";

/** How many bytes are read ahead of the reader. */
const readAhead = 256 * 1024;

/** As `Repository.blob`. */
export function streamBlob(
  lines: readonly Line[],
  descriptor: BlobDescriptor,
  resumes: number,
  signal: AbortSignal,
): Readable {
  const over = new AbortController();
  const bytes = bytesOf(lines, descriptor, resumes, AbortSignal.any([signal, over.signal]));
  return new Readable({
    highWaterMark: readAhead,
    read() {
      bytes.next().then(
        ({ done, value }) => this.push(done ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      // Who reads no more does not wait for a server that is silent, either.
      over.abort();
      const end = () => callback(error);
      bytes.return().then(end, end);
    },
  });
}

async function* bytesOf(
  lines: readonly Line[],
  { digest, size }: BlobDescriptor,
  resumes: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const resource = resourceOf(digest);
  const askers = new Map(lines.map((line) => [line, line.asker(signal)]));
  let usable = lines;
  let received = 0;
  for (let resumed = 0; ; ) {
    const { answer, asker, line } = await onFirst(usable, async (tried) => {
      const itsAsker = askers.get(tried) ?? tried.asker(signal);
      const begun = await open(itsAsker, tried.url(resource), received, size);
      return { answer: begun, asker: itsAsker, line: tried };
    });
    const { shown: url } = answer;
    // A server without ranges sends what has been read once more.
    let known = answer.status === 206 ? 0 : received;
    const before = received;
    let failure: unknown;
    try {
      for await (const chunk of chunksOf(answer, asker, asker.patience.wait)) {
        const fresh = chunk.subarray(Math.min(known, chunk.length));
        known -= chunk.length - fresh.length;
        received += fresh.length;
        if (received > size) throw mismatch(url, `the blob has more than its ${size} bytes`);
        if (fresh.length > 0) yield fresh;
      }
      if (received === size) return;
      // Chunks have an end of their own; a body without them ends as a connection that breaks.
      if (answer.headers["transfer-encoding"] === "chunked") {
        throw mismatch(url, `the blob has ${received} bytes, not ${size}`);
      }
      failure = broken(url, asker.kind, `the connection was cut after ${received} of ${size} bytes`);
    } catch (error) {
      failure = error;
    }
    if (!isPassing(failure)) throw failure;
    if (received === size) return;
    if (resumed >= resumes) throw failure;
    // The rest of what a mirror breaks off may be had elsewhere.
    if (line !== usable.at(-1)) usable = usable.filter((other) => other !== line);
    resumed++;
    await rest(pauseOf(received > before ? 0 : resumed - 1), signal);
  }
}

/** The answer with the bytes of a blob from `start` on, or with all of them. */
async function open(asker: Asker, url: URL, start: number, size: number): Promise<Answer> {
  const headers = start === 0 ? {} : { range: `bytes=${start}-` };
  const answer = await ask(asker, { method: "GET", url, headers }, start === 0 ? [200] : [200, 206]);
  assertPlain(answer);
  const expected = answer.status === 206 ? size - start : size;
  const length = lengthOf(answer, asker.kind);
  const range = answer.status === 206 ? (headerOf(answer.headers, "content-range") ?? "") : undefined;
  try {
    if (length !== undefined && length !== expected) {
      throw mismatch(url, `the registry announces ${length} bytes, not ${expected}`);
    }
    if (range !== undefined && range !== `bytes ${start}-${size - 1}/${size}`) {
      throw mismatch(url, `the registry sends another range than that from ${start} on of ${size} bytes`);
    }
  } catch (error) {
    answer.body.destroy();
    throw error;
  }
  return answer;
}

/** As `Repository.hasBlob`. */
export async function sizeOfBlob(
  lines: readonly Line[],
  digest: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const resource = resourceOf(digest);
  return onFirst(lines, async (line) => {
    const asker = line.asker(signal);
    const url = line.url(resource);
    const answer = await ask(asker, { method: "HEAD", url, headers: {} }, [200, 404]);
    drop(answer);
    if (answer.status === 404 && line !== lines.at(-1)) throw absent(url);
    return answer.status === 200 ? lengthOf(answer, asker.kind) : undefined;
  });
}

function resourceOf(digest: string): string {
  if (isDigest(digest)) return `blobs/${digest}`;
  throw new StevedoreError("BAD_ARCHIVE", `${quote(digest.slice(0, 150))} is not a sha256 digest`);
}
