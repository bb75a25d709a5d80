// The names of the images.
import { join } from "node:path";
import { isErrno } from "../error.js";
import { replaceFile } from "./durable-file.js";
import { withLock } from "./lock.js";
import { readPlainFile } from "./plain-file.js";

export interface Names {
  /** Every name, `repository:tag`, with the id it stands for; in the order of the names. */
  all(): Promise<ReadonlyMap<string, string>>;
  /** The names of each image that has any, by id. */
  byImage(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** The id a name stands for; without a tag, `latest`. */
  lookup(name: string): Promise<string | undefined>;
  /** Gives images their names, in one durable write. A name that stood for another image moves. Returns what each name that moved stood for. */
  set(names: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>>;
  /** Takes names away, in one durable write. Returns what each stood for; one that there was not is left out. */
  remove(names: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** A stand-in until the names themselves are merged. */
export function openNames(root: string): Names {
  const path = join(root, "repositories");
  const read = (): Map<string, string> => {
    try {
      return new Map(Object.entries(JSON.parse(`${readPlainFile(path)}`)));
    } catch (error) {
      if (isErrno(error, "ENOENT")) return new Map();
      throw error;
    }
  };
  return {
    all: async () => read(),
    async byImage() {
      const byId = new Map<string, string[]>();
      for (const [name, id] of read()) byId.set(id, [...(byId.get(id) ?? []), name]);
      return byId;
    },
    lookup: async (name) => read().get(name),
    set: (given) =>
      withLock(root, async () => {
        const names = read();
        const moved = new Map<string, string>();
        for (const [name, id] of given) {
          const previous = names.get(name);
          if (previous !== undefined && previous !== id) moved.set(name, previous);
          names.set(name, id);
        }
        await replaceFile(path, JSON.stringify(Object.fromEntries(names)));
        return moved;
      }),
    remove: (given) =>
      withLock(root, async () => {
        const names = read();
        const removed = new Map<string, string>();
        for (const name of given) {
          const id = names.get(name);
          if (id !== undefined) removed.set(name, id);
          names.delete(name);
        }
        await replaceFile(path, JSON.stringify(Object.fromEntries(names)));
        return removed;
      }),
  };
}
