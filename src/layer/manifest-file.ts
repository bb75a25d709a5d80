// A manifest as a file: gzip of JSON lines. The first line names the tar digest, the others are the entries. File names
// are written as their own bytes, so that `zcat` shows them; a reader reads the text as latin1.
import { once } from "node:events";
import { closeSync, constants, createReadStream, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip, gunzipSync, gzipSync } from "node:zlib";
import { ioError } from "../disk/index.js";
import type { Digest } from "./checksum.js";
import { createManifestReader, type ManifestEntry } from "./manifest.js";

/** Writes the manifest of a canonical tar that goes by. */
export interface ManifestWriter extends AsyncDisposable {
  /**
   * Takes the next bytes of the tar; resolves when it may have more.
   * @throws `NO_SPACE`, `INTERNAL`
   */
  accept(chunk: Buffer): Promise<void>;
  /**
   * Completes the file for a tar that was read whole, and makes its content durable. Until then the file names a digest
   * that no tar can have.
   * @throws as `accept`
   */
  finish(tarDigest: Digest): Promise<void>;
}

/** The version that the first line names. Another one is not read. */
const format = 1;
/** Stands in the place of the digest while it is not known. */
const noDigest: Digest = `sha256:${"-".repeat(64)}`;
/** So many characters of lines are gathered before they are compressed. */
const batch = 64 * 1024;
/** In characters: more than the names of one entry can take. */
const longestLine = 1024 * 1024;

/**
 * Begins a manifest at a path where nothing lies yet, mode 0600. The caller disposes of the writer in any case, and
 * removes the file of a manifest that was not finished.
 * @throws `NO_SPACE`, `INTERNAL`
 */
export async function openManifestWriter(path: string): Promise<ManifestWriter> {
  const file = await open(path, "wx", 0o600).catch((error: unknown) => {
    throw ioError(error, "the manifest cannot be written");
  });
  const gzip = createGzip();
  let written: Promise<void> | undefined;
  let failure: unknown;
  let lines = "";
  const reader = createManifestReader((entry) => {
    lines += `${JSON.stringify(entry)}\n`;
  });

  const begin = async (): Promise<void> => {
    await file.write(firstMember(noDigest));
    for await (const piece of gzip as AsyncIterable<Buffer>) await file.writeFile(piece);
  };
  const handOn = async () => {
    if (written === undefined) {
      written = begin();
      written.catch((error: unknown) => {
        failure = error;
      });
    }
    // Tell of a full disk now, not at the end.
    if (failure !== undefined) throw failure;
    const text = Buffer.from(lines, "latin1");
    lines = "";
    if (!gzip.write(text)) await Promise.race([drained(gzip), written]);
  };
  const told = async <T>(work: () => Promise<T>) => {
    try {
      return await work();
    } catch (error) {
      throw ioError(error, "the manifest cannot be written");
    }
  };
  return {
    accept: (chunk) =>
      told(async () => {
        reader.accept(chunk);
        if (lines.length >= batch) await handOn();
      }),
    finish: (tarDigest) =>
      told(async () => {
        reader.finish();
        await handOn();
        gzip.end();
        await written;
        await file.write(firstMember(tarDigest), 0, null, 0);
        await file.sync();
      }),
    async [Symbol.asyncDispose]() {
      gzip.destroy();
      await written?.catch(() => undefined);
      await file.close();
    },
  };
}

/**
 * Opens a manifest and yields its entries, in their order.
 * @returns undefined where there is not a manifest of that tar digest and of a known format
 * @throws through the entries: `DamagedManifest`
 */
export async function openManifest(
  path: string,
  tarDigest: string,
): Promise<AsyncGenerator<ManifestEntry, void, undefined> | undefined> {
  const lines = readLines(path);
  try {
    const { value } = await lines.next();
    const first = value === undefined ? {} : parseLine(value);
    if (first.format === format && first.tarDigest === tarDigest) return readEntries(lines);
  } catch (error) {
    if (!(error instanceof DamagedManifest)) throw error;
  }
  await lines.return();
  return undefined;
}

/**
 * True if the file begins like a finished manifest of a known format. The rest of it is not looked at. False where
 * nothing can be read.
 */
export function beginsAsManifest(path: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const head = Buffer.alloc(firstMember(noDigest).length);
    readSync(file, head);
    const first = parseLine(gunzipSync(head).toString("latin1"));
    return first.format === format && first.tarDigest !== noDigest;
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** A manifest whose file cannot be read to its end. */
export class DamagedManifest extends Error {}

/**
 * The first line, as a member of its own of the gzip file. It is not compressed, so it has the same length whatever the
 * digest is, and can be written again in its place when the digest is known: at the end of the tar.
 */
function firstMember(tarDigest: Digest): Buffer {
  return gzipSync(`${JSON.stringify({ format, tarDigest })}\n`, { level: 0 });
}

async function drained(stream: Writable): Promise<void> {
  if (stream.writableNeedDrain) await once(stream, "drain");
}

async function* readEntries(lines: AsyncGenerator<string>): AsyncGenerator<ManifestEntry, void, undefined> {
  for await (const line of lines) {
    const entry = parseLine(line);
    // The comparison needs a path to go on; all other fields it only compares.
    if (typeof entry.path !== "string") throw new DamagedManifest("an entry has no path");
    yield entry as unknown as ManifestEntry;
  }
}

function parseLine(line: string): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(line);
    if (typeof document === "object" && document !== null) return document as Record<string, unknown>;
  } catch {
    // Thrown below.
  }
  throw new DamagedManifest("a line is not a valid JSON object");
}

async function* readLines(path: string): AsyncGenerator<string, void, undefined> {
  const gunzip = createGunzip();
  const file = createReadStream(path);
  const piped = pipeline(file, gunzip);
  piped.catch(() => undefined);
  let rest = "";
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > longestLine) throw new Error("a line does not end");
      yield* lines;
    }
    if (rest !== "") throw new Error("it ends inside a line");
  } catch (cause) {
    throw new DamagedManifest(`the manifest ${path} cannot be read: ${String(cause)}`, { cause });
  } finally {
    file.destroy();
    gunzip.destroy();
    await piped.catch(() => undefined);
  }
}
