// The names of the images, kept in Docker 0.3's file `repositories`.
import {
  cachedRead,
  ioError,
  longestPlainFile,
  readPlainFile,
  replaceFile,
  rootPath,
  syncDirectory,
  withLock,
} from "../../disk/index.js";
import {
  assertId,
  defaultTag,
  formatImageName,
  isErrno,
  parseImageName,
  StevedoreError,
} from "../../terms/index.js";
import { imageNotFound } from "../image.js";
import {
  formatRepositories,
  namesOf,
  noRepositories,
  parseRepositories,
  putName,
  type Repositories,
  removeNames,
} from "./repositories.js";

/**
 * The names of the images of a root. Each method throws `IMAGE_BROKEN`, naming the file, where that is damaged, and
 * nothing is written over it then.
 */
export interface Names {
  /** Every name, `repository:tag`, with the id it stands for; in the order of the names. */
  all(): Promise<ReadonlyMap<string, string>>;
  /** The names of each image that has any, by id; in the order of the names. */
  byImage(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** The id a name stands for, whether or not there is such an image; without a tag, `latest`. */
  lookup(name: string): Promise<string | undefined>;
  /**
   * Gives images their names, in one durable write. A name that stood for another image moves.
   * @param names the id by name
   * @returns what each name that moved stood for, by `repository:tag`
   * @throws `INVALID_NAME`; `INVALID_ID`; `IMAGE_NOT_FOUND` for an id the graph does not have; `LIMIT_EXCEEDED` for
   * more names than the file may hold; `NO_SPACE`; then no name was given
   */
  set(names: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>>;
  /**
   * Takes names away, in one durable write, those too that no new one may be.
   * @returns what each stood for, by `repository:tag`; one that there was not is left out
   * @throws `NO_SPACE`
   */
  remove(names: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** The names, and what only the graph itself does with them. */
export interface NamesOfGraph extends Names {
  /** Takes away all names of an image that has left the graph. Nothing is done to a damaged file. */
  forget(id: string): Promise<void>;
}

/** What was read, in the forms in which it is asked for. */
interface Reading {
  readonly names: ReadonlyMap<string, string>;
  byImage?: ReadonlyMap<string, readonly string[]>;
}

/**
 * Opens the names of a root; reads nothing yet. Writers of all processes take turns by the lock of the root, which is
 * held while the file is read, changed and replaced: within it nothing else is locked.
 * @param exists whether the graph has an image of an id
 */
export function openNames(root: string, exists: (id: string) => Promise<boolean>): NamesOfGraph {
  const path = rootPath(root, "repositories");
  const load = async (): Promise<Reading> => ({ names: namesOf(readRepositories(path)) });
  const read = cachedRead(path, load, { names: new Map() });

  async function change<T>(work: (repositories: Repositories) => Promise<T>): Promise<T> {
    try {
      return await withLock(root, () => work(readRepositories(path)));
    } catch (error) {
      throw ioError(error, `${path} cannot be written`);
    }
  }

  /** @param choose picks from the names as they are once the lock is held */
  function removeThose(
    choose: (names: ReadonlyMap<string, string>) => Iterable<string>,
  ): Promise<Map<string, string>> {
    return change(async (repositories) => {
      const removed = removeNames(repositories, new Set(choose(namesOf(repositories))));
      if (removed.size > 0) await replaceFile(path, formatRepositories(repositories));
      return removed;
    });
  }

  async function byImage() {
    const reading = await read();
    reading.byImage ??= groupById(reading.names);
    return reading.byImage;
  }

  return {
    async all() {
      return (await read()).names;
    },
    byImage,
    async lookup(name) {
      const { names } = await read();
      return names.get(keyOf(name, names));
    },
    async set(given) {
      const parsed = [...given].map(([name, id]) => ({ name: parseImageName(name), id }));
      for (const { id } of parsed) assertId(id);
      return change(async (repositories) => {
        const before = formatRepositories(repositories);
        const moved = new Map<string, string>();
        for (const { name, id } of parsed) {
          const previous = putName(repositories, name, id);
          if (previous !== undefined && previous !== id) moved.set(formatImageName(name), previous);
        }
        const content = formatRepositories(repositories);
        if (Buffer.byteLength(content) > longestPlainFile) {
          throw new StevedoreError(
            "LIMIT_EXCEEDED",
            `${path} would have more than ${longestPlainFile} bytes`,
          );
        }
        await assertThere(given.values(), exists);
        if (content === before) return moved;
        // Who has placed an image may not have synced it yet, and a name must not outlive it (SYNC_BEFORE_NAMES).
        await syncDirectory(rootPath(root, "graph"));
        // SYNC_OF_NAMES
        await replaceFile(path, content);
        try {
          // Who deletes an image looks for its names once it has gone: one of the two sees what the other did.
          await assertThere(given.values(), exists);
        } catch (error) {
          await replaceFile(path, before);
          throw error;
        }
        return moved;
      });
    },
    remove: (given) => removeThose((names) => given.map((name) => keyOf(name, names))),
    async forget(id) {
      try {
        if (!(await byImage()).has(id)) return;
        await removeThose((names) => [...names.keys()].filter((name) => names.get(name) === id));
      } catch (error) {
        // The image is deleted all the same, and `check` reports the file.
        if (!(error instanceof StevedoreError) || error.code !== "IMAGE_BROKEN") throw error;
      }
    },
  };
}

/** @throws `IMAGE_BROKEN` for a file that is damaged */
export function readRepositories(path: string): Repositories {
  let bytes: Buffer | undefined;
  try {
    bytes = readPlainFile(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return noRepositories();
    throw ioError(error, `${path} cannot be read`);
  }
  const repositories = bytes === undefined ? undefined : parseRepositories(bytes);
  if (repositories !== undefined) return repositories;
  // An empty one as well: Docker 0.3 writes over the old one, so that it may be about to be filled.
  const why =
    bytes === undefined
      ? `it is not a file, or has more than ${longestPlainFile} bytes`
      : "it does not hold what Docker 0.3 writes there";
  throw new StevedoreError(
    "IMAGE_BROKEN",
    `the names of the images cannot be read from ${path}: ${why}; full ids still serve, and stevedore check --repair sets it aside`,
  );
}

/** The name as the file has it: as it was given, else with the default tag. */
function keyOf(name: string, names: ReadonlyMap<string, string>): string {
  return names.has(name) ? name : formatImageName({ repository: name, tag: defaultTag });
}

function groupById(names: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const byId = new Map<string, string[]>();
  for (const [name, id] of names) {
    const ofImage = byId.get(id);
    if (ofImage === undefined) byId.set(id, [name]);
    else ofImage.push(name);
  }
  return byId;
}

async function assertThere(ids: Iterable<string>, exists: (id: string) => Promise<boolean>): Promise<void> {
  for (const id of ids) if (!(await exists(id))) throw imageNotFound(id);
}
