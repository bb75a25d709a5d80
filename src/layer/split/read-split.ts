// Reads a tar-split: gzip of JSON lines. No more than one line of it is in memory.
import { closeSync, constants, createReadStream, openSync, readSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { ioError } from "../../disk/index.js";
import { isErrno, StevedoreError, throwIfAborted } from "../../terms/index.js";
import { brokenSplit, parseSplitLine, type SplitPart } from "./split-line.js";

/** The longest line, in bytes. Other writers put an extended header and all padding before it into one segment. */
const longestLine = 16 * 1024 * 1024;

/**
 * Yields the parts of an archive, in their order.
 * @throws `IMAGE_BROKEN`, also where the file is not there; `INTERNAL`, `CANCELLED`
 */
export async function* readSplit(
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<SplitPart, void, undefined> {
  const file = createReadStream(path);
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const piped = pipeline(file, gunzip);
  piped.catch(() => undefined);
  let rest: Buffer[] = [];
  let restBytes = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      throwIfAborted(signal);
      let from = 0;
      for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, from)) {
        const line = [...rest, chunk.subarray(from, end)];
        rest = [];
        restBytes = 0;
        from = end + 1;
        yield parseSplitLine(Buffer.concat(line).toString("latin1"));
      }
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
      if (restBytes > longestLine) throw brokenSplit("a line does not end");
    }
    if (restBytes > 0) throw brokenSplit("it ends inside a line");
  } catch (error) {
    if (error instanceof StevedoreError) throw error;
    if (isErrno(error, "ENOENT") || (error as { code?: string }).code?.startsWith("Z_")) {
      throw brokenSplit(String(error), error);
    }
    throw ioError(error, "the tar-split cannot be read");
  } finally {
    file.destroy();
    gunzip.destroy();
    await piped.catch(() => undefined);
  }
}

/** True for a file that begins as gzip does. Damage behind that is found when it is read. */
export function beginsAsSplit(path: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const head = Buffer.alloc(2);
    readSync(file, head);
    return head.readUInt16BE() === gzipMagic;
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const gzipMagic = 0x1f8b;
const lineFeed = 0x0a;
