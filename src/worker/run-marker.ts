// A mark in the root for as long as a worker serves it: what is found at the next start tells that one did not end cleanly.
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  currentOwner,
  formatOwner,
  ioError,
  makeDirectory,
  type Owner,
  ownerStatus,
  parseOwner,
  rootPath,
  writeDurably,
} from "../disk/index.js";
import { isErrno } from "../terms/index.js";

/** A worker that began and never said that it ended. */
interface UncleanEnd {
  readonly pid: number;
  /** RFC 3339; undefined where the power went before that was on the disk. */
  readonly since: string | undefined;
}

interface RunMarker {
  /** The workers of this host before this one that were killed, or whose host went down. */
  readonly uncleanEnds: readonly UncleanEnd[];
  /** To be called when this worker has ended what it did. */
  end(): Promise<void>;
}

/**
 * Sets this worker's mark, `run/workers/<owner>`, and takes those of dead ones away.
 * @param host the name this host goes by
 * @throws `NO_SPACE`, `NEEDS_ROOT`, `INTERNAL` if the root cannot be written
 */
export async function placeRunMarker(root: string, host: string): Promise<RunMarker> {
  const directory = rootPath(root, "runMarkers");
  try {
    makeDirectory(directory, 0o700);
    const uncleanEnds: UncleanEnd[] = [];
    for (const name of await readdir(directory)) {
      const owner = parseOwner(name);
      if (owner !== undefined && (await ownerStatus(owner, host)) === "gone")
        uncleanEnds.push(await takeAway(join(directory, name), owner));
    }
    const mark = join(directory, formatOwner(await currentOwner(host)));
    await writeDurably(mark, `${new Date().toISOString()}\n`);
    return { uncleanEnds, end: () => rm(mark, { force: true }) };
  } catch (error) {
    throw ioError(error, `the root ${root} cannot be served`);
  }
}

async function takeAway(path: string, { pid }: Owner): Promise<UncleanEnd> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    // Another worker that starts just now was faster.
    if (isErrno(error, "ENOENT")) return "";
    throw error;
  });
  await rm(path, { force: true });
  const [since] = /^\d{4}-\d\d-\d\dT[\d:.]+Z(?=\n)/.exec(text) ?? [];
  return { pid, since };
}
