// Takes the body of a request into the inbox, as a whole upload or as the next part of one.
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import { completeUpload, cutUpload, makeInbox, readUpload, uploadPaths } from "../../../inbox/index.js";
import { HttpError } from "../../problem.js";
import { type DigestAlgorithm, type ExpectedDigest, formatDigest, hashName } from "./digest-field.js";
import { receiveBody } from "./receive-body.js";
import { emptyBody, type UploadRequest } from "./upload-request.js";

/** The upload after a request. */
export interface Taken {
  /** How many bytes of it are there now. */
  readonly bytes: number;
  /** The sha256 of a complete upload in hex; undefined while more is to come. */
  readonly sha256: string | undefined;
}

type Digests = ReadonlyMap<DigestAlgorithm, Buffer>;

/**
 * Takes a body. What arrived before a connection broke or the disk was full is kept; what turns out to be wrong is
 * removed. Nobody else may write this upload meanwhile.
 * @param askForBody called when the request was found valid, before the body is read
 * @throws 409 if the upload is complete or does not end where the part begins; 422 for digests that differ; 400 for a
 * body that is not as long as its Content-Range; as `receiveBody`
 */
export async function takeUpload(
  root: string,
  name: string,
  { part, limit, bodyDigests, wholeDigests }: UploadRequest,
  body: IncomingMessage,
  askForBody: () => void,
): Promise<Taken> {
  const inbox = await makeInbox(root);
  const start = await placeOf(inbox, name, part?.first);
  const isLast = part === undefined || part.last + 1 === part.total;
  // The answer always has the sha256 of the upload.
  const ofWhole = ["sha-256" as const, ...algorithmsOf(wholeDigests)];
  const isWhole = isLast && start === 0;
  const hashes = openHashes(isWhole ? [...ofWhole, ...algorithmsOf(bodyDigests)] : algorithmsOf(bodyDigests));
  const { partial } = uploadPaths(inbox, name);
  askForBody();
  const receive = async () => {
    const bytes = await receiveBody(body, { path: partial, start, limit, hashes: [...hashes.values()] });
    if (bytes === 0) throw emptyBody();
    if (part !== undefined && bytes !== limit) {
      throw new HttpError(400, "INVALID_REQUEST", `Content-Range is of ${limit} bytes, the body of ${bytes}`);
    }
    const digests = digestsOf(hashes);
    assertDigests("body", bodyDigests, digests);
    return { bytes, digests };
  };
  const received = await rollbackOnClientError(receive, () => cutUpload(inbox, name, start));
  const bytes = start + received.bytes;
  if (!isLast) return { bytes, sha256: undefined };

  const digests = isWhole ? received.digests : await digestFile(partial, ofWhole);
  await rollbackOnClientError(
    async () => assertDigests("upload", wholeDigests, digests),
    () => cutUpload(inbox, name, 0),
  );
  if (!(await completeUpload(inbox, name))) throw isComplete(name, bytes);
  return { bytes, sha256: digests.get("sha-256")?.toString("hex") ?? "" };
}

/** The body's place in the upload, in bytes. A body without a range starts the upload anew. */
async function placeOf(inbox: string, name: string, first: number | undefined): Promise<number> {
  const { bytes = 0, isWhole = false } = (await readUpload(inbox, name)) ?? {};
  if (isWhole) throw isComplete(name, bytes);
  if (first === undefined || first === bytes) return first ?? 0;
  throw conflict(`the next byte of the upload ${name} is ${bytes}, not ${first}`, bytes);
}

function isComplete(name: string, bytes: number): HttpError {
  return conflict(`there is an upload ${name} already, of ${bytes} bytes`, bytes);
}

function conflict(message: string, offset: number): HttpError {
  return new HttpError(409, "CONFLICT", message, { "upload-offset": String(offset) }, { offset });
}

/** Does the work, and undoes it if its error says that the client has sent something wrong. */
async function rollbackOnClientError<T>(work: () => Promise<T>, undo: () => Promise<void>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HttpError && error.status !== 408) await undo();
    throw error;
  }
}

function algorithmsOf(expected: readonly ExpectedDigest[]): DigestAlgorithm[] {
  return expected.map(({ algorithm }) => algorithm);
}

function openHashes(algorithms: readonly DigestAlgorithm[]): ReadonlyMap<DigestAlgorithm, Hash> {
  return new Map(algorithms.map((algorithm) => [algorithm, createHash(hashName(algorithm))]));
}

function digestsOf(hashes: ReadonlyMap<DigestAlgorithm, Hash>): Digests {
  return new Map([...hashes].map(([algorithm, hash]) => [algorithm, hash.digest()]));
}

/** Hashes the file of an upload in parts: the state of a hash cannot be kept from one request to the next. */
async function digestFile(path: string, algorithms: readonly DigestAlgorithm[]): Promise<Digests> {
  const hashes = openHashes(algorithms);
  await pipeline(
    createReadStream(path, { highWaterMark: 1024 ** 2 }),
    async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) for (const hash of hashes.values()) hash.update(chunk);
    },
  );
  return digestsOf(hashes);
}

function assertDigests(what: string, expected: readonly ExpectedDigest[], actual: Digests): void {
  for (const { algorithm, digest } of expected) {
    const found = actual.get(algorithm);
    if (found?.equals(digest)) continue;
    const has = found === undefined ? "none" : formatDigest({ algorithm, digest: found });
    throw new HttpError(
      422,
      "SOURCE_MISMATCH",
      `the ${what} has the digest ${has}, but ${formatDigest({ algorithm, digest })} was announced`,
    );
  }
}
