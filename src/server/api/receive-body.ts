// Writes the body of a request to a file as it comes: what is in memory at a time is bounded, whatever its size.
import type { Hash } from "node:crypto";
import { createWriteStream, type WriteStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import { finished } from "node:stream/promises";
import { HttpError } from "../problem.js";

/** How long a body may stand still, in ms. */
export const longestSilence = 60_000;

/** Bytes that wait to be written at most; they are written together. */
const writeAhead = 4 * 1024 ** 2;

export interface Destination {
  readonly path: string;
  /** Where in the file the body begins, in bytes; 0 makes the file, or empties it. */
  readonly start: number;
  /** The most the body may have, in bytes. */
  readonly limit: number;
  /** Updated with all of the body. */
  readonly hashes: readonly Hash[];
}

/**
 * Reads a body to its end. However this ends, the file is closed, and what came before is in it as far as the disk
 * took it.
 * @returns how many bytes the body had
 * @throws 408 if nothing came for a minute or the connection broke; 413 for more than `limit`; the file system's errors
 */
export async function receiveBody(body: IncomingMessage, destination: Destination): Promise<number> {
  const { path, start } = destination;
  const flags = start === 0 ? "w" : "r+";
  const out = createWriteStream(path, { flags, start, highWaterMark: writeAhead });
  const closed = finished(out);
  closed.catch(() => undefined);
  try {
    return await readInto(out, body, destination);
  } finally {
    out.end();
    await closed;
  }
}

function readInto(out: WriteStream, body: IncomingMessage, { limit, hashes }: Destination): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const onData = (chunk: Buffer) => {
      silence.refresh();
      bytes += chunk.length;
      if (bytes > limit) {
        return settle(new HttpError(413, "LIMIT_EXCEEDED", `this takes ${limit} bytes at most`));
      }
      for (const hash of hashes) hash.update(chunk);
      if (!out.write(chunk)) body.pause();
    };
    const onDrain = () => {
      silence.refresh();
      body.resume();
    };
    const onEnd = () => settle();
    const onClose = () => settle(interrupted("the connection broke before all had come"));
    const onSilence = () => {
      // It is not the client's silence while the disk is waited for.
      if (out.writableNeedDrain) silence.refresh();
      else settle(interrupted(`nothing came for ${longestSilence / 1_000} s`));
    };
    const settle = (error?: Error) => {
      clearTimeout(silence);
      body.off("data", onData).off("end", onEnd).off("error", onClose).off("close", onClose).pause();
      out.off("drain", onDrain).off("error", settle);
      if (error === undefined) resolve(bytes);
      else reject(error);
    };
    const silence = setTimeout(onSilence, longestSilence);
    out.on("drain", onDrain).on("error", settle);
    body.on("end", onEnd).on("error", onClose).on("close", onClose).on("data", onData);
    // It broke before anybody listened.
    if (body.destroyed && !body.readableEnded) onClose();
  });
}

function interrupted(why: string): HttpError {
  return new HttpError(408, "INVALID_REQUEST", why);
}
