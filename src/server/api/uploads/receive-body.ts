// Writes the body of a request to a file while it arrives. The memory in use is bounded, whatever the body's size.
import type { Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { HttpError } from "../../problem.js";

/** How long a body may pause, in ms. */
const longestSilence = 60_000;

/** How many bytes may wait to be written, while as many are being written: few enough to be still in the CPU's cache. */
const writeAhead = 1024 ** 2;
/** How many chunks writev(2) takes at a time (IOV_MAX). */
const mostChunks = 1_024;

export interface Destination {
  readonly path: string;
  /** The body's place in the file, in bytes; 0 creates the file, or empties it. */
  readonly start: number;
  /** How large the body may be, in bytes. */
  readonly limit: number;
  /** Updated with the whole body. */
  readonly hashes: readonly Hash[];
}

/**
 * Reads a body to its end. However this ends, the file is closed, and holds what has arrived, as far as the disk took
 * it.
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
  /** Writes all that has arrived; what arrives during one write goes into the next. */
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
      // While the disk is waited for, the silence is not the client's.
      if (body.isPaused()) silence.refresh();
      else settle(interrupted(`nothing came for ${longestSilence / 1_000} s`));
    };
    const settle = (error?: Error) => {
      clearTimeout(silence);
      body.off("data", onData).off("end", onEnd).off("close", onClose);
      if (error === undefined) return resolve();
      // The client may read the answer only after it has sent more: that is discarded.
      body.resume();
      reject(error);
    };
    const silence = setTimeout(onSilence, longestSilence);
    // An error is followed by `close`. Without a listener it would end the process.
    body.on("error", () => undefined);
    body.on("end", onEnd).on("close", onClose).on("data", onData);
    // The connection has broken already.
    if (body.destroyed && !body.readableEnded) onClose();
  });
  try {
    await ended;
  } finally {
    await writing;
  }
  return bytes;
}

/** Writes chunks at a position of the file. @returns the position behind them, in bytes */
async function writeAll(file: FileHandle, chunks: readonly Buffer[], position: number): Promise<number> {
  const { bytesWritten } = await file.writev(chunks, position);
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  // The kernel writes less if the disk is full, or at a signal.
  if (bytesWritten === bytes) return position + bytes;
  const rest = Buffer.concat(chunks).subarray(bytesWritten);
  return await writeAll(file, [rest], position + bytesWritten);
}

function interrupted(why: string): HttpError {
  return new HttpError(408, "INVALID_REQUEST", why);
}
