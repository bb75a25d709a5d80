// The file of a tar-split that is being written: gzip of lines.
import { once } from "node:events";
import { open } from "node:fs/promises";
import { createGzip } from "node:zlib";
import { ioError } from "../../disk/index.js";
import { formatSplitLine, type SplitPart } from "./split-line.js";

export interface SplitFile {
  /** Adds a line. */
  add(part: SplitPart): void;
  /**
   * Resolves when it may have more.
   * @throws `NO_SPACE`, `INTERNAL`
   */
  ready(): Promise<void>;
  /** Completes the file. @throws as `ready` */
  end(): Promise<void>;
  /** To be called in any case. */
  close(): Promise<void>;
}

/** So many characters of lines are gathered before they are compressed. */
const batch = 64 * 1024;
/** Headers are mostly zeros: the usual level makes the file a sixth smaller, and takes more than twice the time. */
const gzipLevel = 1;

/** Begins a file, mode 0600, at a path where nothing lies yet. @throws `NO_SPACE`, `INTERNAL` */
export async function openSplitFile(path: string): Promise<SplitFile> {
  const file = await told(() => open(path, "wx", 0o600));
  const gzip = createGzip({ level: gzipLevel, chunkSize: batch });
  let lines = "";
  let count = 0;
  let failure: unknown;
  const written = (async () => {
    for await (const piece of gzip as AsyncIterable<Buffer>) await file.writeFile(piece);
  })();
  written.catch((error: unknown) => {
    failure = error;
  });

  async function handOn(): Promise<void> {
    // Tell of a full disk now, not at the end.
    if (failure !== undefined) throw failure;
    const text = Buffer.from(lines, "latin1");
    lines = "";
    if (gzip.write(text)) return;
    await Promise.race([once(gzip, "drain"), written]);
  }

  return {
    add(part) {
      lines += formatSplitLine(part, count++);
    },
    async ready() {
      if (lines.length >= batch) await told(handOn);
    },
    end: () =>
      told(async () => {
        await handOn();
        gzip.end();
        await written;
      }),
    async close() {
      gzip.destroy();
      await written.catch(() => undefined);
      await file.close();
    },
  };
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw ioError(error, "the tar-split cannot be written");
  }
}
