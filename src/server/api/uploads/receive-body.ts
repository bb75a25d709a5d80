// Writes the body of a request to a file as it comes: what is in memory at a time is bounded, whatever its size.
import type { Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { HttpError } from "../../problem.js";

/** How long a body may stand still, in ms. */
const longestSilence = 60_000;

/** Bytes that wait to be written at most, while as many are being written: few enough to be in the cache still. */
const writeAhead = 1024 ** 2;
/** What writev(2) takes at a time (IOV_MAX). */
const mostChunks = 1_024;

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
  const file = await open(path, start === 0 ? "w" : "r+");
  try {
    return await readInto(file, body, destination);
  } finally {
    await file.close();
  }
}

async function readInto(
  file: FileHandle,
  body: IncomingMessage,
  { start, limit, hashes }: Destination,
): Promise<number> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let writing: Promise<void> | undefined;
  let position = start;
  /** Writes what has come until all of it is written; what comes meanwhile is written together. */
  const writeOut = async () => {
    while (pending.length > 0) {
      const chunks = pending;
      pending = [];
      pendingBytes = 0;
      body.resume();
      position = await writeAll(file, chunks, position);
    }
    writing = undefined;
  };

  let bytes = 0;
  const ended = new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      silence.refresh();
      bytes += chunk.length;
      if (bytes > limit) {
        return settle(new HttpError(413, "LIMIT_EXCEEDED", `this takes ${limit} bytes at most`));
      }
      for (const hash of hashes) hash.update(chunk);
      pending.push(chunk);
      pendingBytes += chunk.length;
      if (writing === undefined) {
        writing = writeOut();
        writing.catch(settle);
      }
      if (pendingBytes >= writeAhead || pending.length >= mostChunks) body.pause();
    };
    const onEnd = () => settle();
    const onClose = () => settle(interrupted("the connection broke before all had come"));
    const onSilence = () => {
      // It is not the client's silence while the disk is waited for.
      if (body.isPaused()) silence.refresh();
      else settle(interrupted(`nothing came for ${longestSilence / 1_000} s`));
    };
    const settle = (error?: Error) => {
      clearTimeout(silence);
      body.off("data", onData).off("end", onEnd).off("close", onClose);
      if (error === undefined) return resolve();
      // The client reads the answer only once it has got rid of more: that goes nowhere.
      body.resume();
      reject(error);
    };
    const silence = setTimeout(onSilence, longestSilence);
    // An error is followed by `close`; it must have a listener for as long as the request lives.
    body.on("error", () => undefined);
    body.on("end", onEnd).on("close", onClose).on("data", onData);
    // It broke before anybody listened.
    if (body.destroyed && !body.readableEnded) onClose();
  });
  try {
    await ended;
  } finally {
    await writing;
  }
  return bytes;
}

/** Writes chunks at a place in the file and returns the place behind them, in bytes. */
async function writeAll(file: FileHandle, chunks: readonly Buffer[], position: number): Promise<number> {
  const { bytesWritten } = await file.writev(chunks, position);
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  // The kernel takes less where the disk is full, and at a signal.
  if (bytesWritten === bytes) return position + bytes;
  const rest = Buffer.concat(chunks).subarray(bytesWritten);
  return await writeAll(file, [rest], position + bytesWritten);
}

function interrupted(why: string): HttpError {
  return new HttpError(408, "INVALID_REQUEST", why);
}
