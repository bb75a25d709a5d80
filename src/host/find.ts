// find(1): walks trees of any size with flat memory and takes names of any bytes.
import { start } from "./run.js";
import { tools } from "./tool.js";

/**
 * Runs find over trees and yields what `format` writes of each match, as many records at a time as a chunk brings.
 * @param roots absolute paths
 * @param tests as find takes them, such as `-type d`
 * @param format as `-printf` takes it; a NUL, which no name can hold, is put behind it. Records are in latin1.
 * @throws `INTERNAL` with find's words for a tree that cannot be read; `TOOL_MISSING`, `CANCELLED`
 */
export async function* findRecords(
  roots: readonly string[],
  tests: readonly string[],
  format: string,
  signal?: AbortSignal | undefined,
): AsyncGenerator<string[], void, undefined> {
  const stop = new AbortController();
  const find = start(tools.find, [...roots, ...tests, "-printf", `${format}\\0`], {
    signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
  });
  find.stdin.end();
  let rest = "";
  let isRead = false;
  try {
    for await (const chunk of find.stdout as AsyncIterable<Buffer>) {
      const records = (rest + chunk.toString("latin1")).split("\0");
      rest = records.pop() ?? "";
      yield records;
    }
    isRead = true;
    await find.done;
  } catch (error) {
    // If find failed, that is the reason why its output broke off.
    if (!isRead) await find.done;
    throw error;
  } finally {
    // A reader that leaves early.
    stop.abort();
    await find.done.catch(() => undefined);
  }
}

/**
 * The same for several trees at once: yields with each record the root it was found under.
 * @param format must not write a NUL itself
 */
export async function* findInEach(
  roots: readonly string[],
  tests: readonly string[],
  format: string,
  signal?: AbortSignal | undefined,
): AsyncGenerator<readonly [root: string, record: string], void, undefined> {
  if (roots.length === 0) return;
  let root: string | undefined;
  for await (const records of findRecords(roots, tests, `%H\\0${format}`, signal)) {
    for (const record of records) {
      if (root === undefined) root = Buffer.from(record, "latin1").toString("utf8");
      else {
        yield [root, record];
        root = undefined;
      }
    }
  }
}
