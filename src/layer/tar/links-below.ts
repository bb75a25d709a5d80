// Hard links whose target is not in the layer's own archive: it may be in a layer below. They are held back until all of
// the archive is known. To tell them from the others, the files of the archive are remembered, each by a number made of
// its path: there may be very many.
import { StevedoreError } from "../../terms/index.js";
import { subject } from "./entry-name.js";
import { quoteName } from "./header.js";

/** A hard link that is held back. Both paths are canonical. */
export interface LinkBelow {
  readonly name: string;
  readonly target: string;
  /** Whether a later entry made something else of the target's path, so that the link alone has what was there. */
  isApart: boolean;
}

export interface LinksBelow {
  /** True if an entry made a file, a device or a fifo at this path, and none made anything else of it. */
  hasFile(path: string): boolean;
  addFile(path: string): void;
  /** The link at this path. */
  at(path: string): LinkBelow | undefined;
  add(link: LinkBelow): void;
  /**
   * To be called for what an entry makes at a path, before it is added.
   * @throws `BAD_ARCHIVE` for what takes the place of a directory that a link's target lies in
   */
  made(path: string, isDirectory: boolean): void;
  /** To be called for a directory that is only implied. @throws `BAD_ARCHIVE` where a link lies */
  implied(path: string): void;
  /** All of them, in the archive's order. */
  all(): readonly LinkBelow[];
}

/** None yet. */
export function createLinksBelow(): LinksBelow {
  const files = new Set<number>();
  const links = new Map<string, LinkBelow>();
  const byTarget = new Map<string, LinkBelow[]>();
  /** The directories that targets lie in, each with the first link that needs it. */
  const needed = new Map<string, LinkBelow>();

  return {
    hasFile: (path) => files.has(numberOf(path)),
    addFile: (path) => void files.add(numberOf(path)),
    at: (path) => links.get(path),
    add(link) {
      const { name, target } = link;
      links.set(name, link);
      const others = byTarget.get(target);
      if (others === undefined) byTarget.set(target, [link]);
      else others.push(link);
      for (let end = target.lastIndexOf("/"); end > 0; end = target.lastIndexOf("/", end - 1)) {
        const directory = target.slice(0, end);
        if (needed.has(directory)) break;
        needed.set(directory, link);
      }
    },
    made(path, isDirectory) {
      files.delete(numberOf(path));
      if (links.size === 0 && byTarget.size === 0) return;
      links.delete(path);
      for (const link of byTarget.get(path) ?? []) link.isApart = true;
      const link = isDirectory ? undefined : needed.get(path);
      if (link === undefined) return;
      const what = `${subject(link.target, link.name)} lies in ${quoteName(path)}`;
      throw new StevedoreError("BAD_ARCHIVE", `${what}, and that becomes something else than a directory`);
    },
    implied(path) {
      if (!links.has(path)) return;
      throw new StevedoreError("BAD_ARCHIVE", `${quoteName(path)} is a hard link, and has entries in it`);
    },
    all: () => [...links.values()],
  };
}

/** A number of 53 bits for a path: two paths of a million have the same one in less than one of ten thousand layers. */
function numberOf(path: string): number {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) ^ (high >>> 13);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ (high >>> 7);
  high = Math.imul(high ^ (high >>> 15), 0xc2b2ae35) ^ (low >>> 9);
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
