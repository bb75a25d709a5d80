// A marker in the root for as long as a worker serves it. One that the next worker finds tells of an unclean end.
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

/** A worker that ended without removing its marker. */
interface UncleanEnd {
  readonly pid: number;
  /** When it began, RFC 3339; undefined if the power failed before that was on the disk. */
  readonly since: string | undefined;
}

export interface RunMarker {
  /** The markers of other hosts, by their paths: whether their workers live is not known. */
  readonly ofOthers: ReadonlyMap<string, string>;
  /** The workers of this host before this one that were killed, or whose host went down. */
  readonly uncleanEnds: readonly UncleanEnd[];
  /** Removes the marker: to be called when this worker's work is done. */
  end(): Promise<void>;
}

/**
 * Writes this worker's marker, `run/workers/<owner>`, and removes those of dead workers.
 * @param host the name of this host
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
        uncleanEnds.push(await removeMarker(join(directory, name), owner));
    }
    const marker = join(directory, formatOwner(await currentOwner(host)));
    await writeDurably(marker, `${new Date().toISOString()}\n`);
    // Once this one is there: of two hosts that begin at the same time one at least sees the other.
    const ofOthers = new Map<string, string>();
    for (const name of await readdir(directory)) {
      const owner = parseOwner(name);
      if (owner?.host !== undefined && (await ownerStatus(owner, host)) === "elsewhere")
        ofOthers.set(join(directory, name), owner.host);
    }
    return { uncleanEnds, ofOthers, end: () => rm(marker, { force: true }) };
  } catch (error) {
    throw ioError(error, `the root ${root} cannot be served`);
  }
}

async function removeMarker(path: string, { pid }: Owner): Promise<UncleanEnd> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    // Another worker that starts at the same time was faster.
    if (isErrno(error, "ENOENT")) return "";
    throw error;
  });
  await rm(path, { force: true });
  const [since] = /^\d{4}-\d\d-\d\dT[\d:.]+Z(?=\n)/.exec(text) ?? [];
  return { pid, since };
}
