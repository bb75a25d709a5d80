// Finds what a hard link means whose target is not in its layer's archive: the layers below are looked through topmost
// first, with what the layer itself makes and deletes above them.
import { type BigIntStats, lstatSync, readlinkSync } from "node:fs";
import { meaningOf } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import {
  joinPath,
  type LinkBelow,
  mostSymlinks,
  quoteName,
  splitName,
  type UnfinishedLayer,
  unsafe,
} from "../tar/index.js";
import { layerOf } from "./layer-stack.js";

/** What a hard link is to be made to. Paths are canonical. */
export type LinkTarget =
  /** Something that the archive makes: it was reached by a symlink of a layer below. */
  | { readonly kind: "own"; readonly path: string }
  | {
      readonly kind: "below";
      /** The directory of the layer. */
      readonly layer: string;
      readonly path: string;
      readonly stat: BigIntStats;
      /** Whether the layer has something else at the path. */
      readonly isApart: boolean;
    };

export interface LinkTargets {
  /**
   * @throws `BAD_ARCHIVE` naming the link and its target, where that is nowhere, is deleted by the layer, or is a
   * directory; `UNSAFE_ENTRY` for one that leads above the root
   */
  find(link: LinkBelow): LinkTarget;
  /** The layer below that a directory is seen of; undefined if it is not seen. */
  layerOf(path: string): string | undefined;
}

/** @param below the directories of the layers below, topmost first */
export function createLinkTargets(layer: UnfinishedLayer, below: readonly string[]): LinkTargets {
  /** What the directories were seen of. */
  const seen = new Map<string, string | undefined>();

  function layerOfDirectory(path: string): string | undefined {
    if (!seen.has(path)) seen.set(path, layerOf(below, path));
    return seen.get(path);
  }

  function find({ name, target, isApart }: LinkBelow): LinkTarget {
    const refused = (why: string) =>
      new StevedoreError("BAD_ARCHIVE", `${quoteName(name)} is a hard link to ${quoteName(target)}, ${why}`);
    const missing = () => refused("which is neither in this layer nor in those below");
    const todo = splitName(target).reverse();
    const names: string[] = [];
    let followed = 0;
    /** Goes on at a symlink's target. */
    const follow = (to: string) => {
      if (++followed > mostSymlinks)
        throw unsafe(`${quoteName(name)} leads through more than ${mostSymlinks} links`);
      if (to.startsWith("/")) names.length = 0;
      todo.push(...splitName(to).reverse());
    };
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      if (part === "..") {
        if (names.pop() === undefined) throw unsafe(`${quoteName(name)} leads out of the layer by a symlink`);
        continue;
      }
      if (meaningOf(part).kind !== "file") throw missing();
      const isLast = todo.length === 0;
      const path = [...names, part].join("/");
      const isReplaced = isApart && path === target;
      const own = isReplaced ? nothing : layer.own(path);
      if (own.kind === "file") {
        if (!isLast) throw missing();
        return { kind: "own", path };
      }
      if (own.kind === "link") {
        if (!isLast) throw missing();
        names.length = 0;
        follow(`/${own.link.target}`);
      } else if (own.kind === "symlink") {
        if (isLast && own.symlink.held === undefined) return { kind: "own", path };
        if (isLast) throw refused("which is a symlink that is made last");
        follow(own.symlink.target);
      } else if (own.kind === "directory") {
        if (isLast) throw refused("which is a directory");
        names.push(part);
      } else {
        if (isHidden(path)) throw refused("which this layer deletes");
        const from = isLast ? layerOf(below, path) : layerOfDirectory(path);
        if (from === undefined) throw missing();
        const place = joinPath(Buffer.from(from), path);
        const stat = lstatSync(place, { bigint: true });
        if (stat.isDirectory()) {
          if (isLast) throw refused("which is a directory");
          names.push(part);
        } else if (isLast) {
          return { kind: "below", layer: from, path, stat, isApart: isReplaced };
        } else if (stat.isSymbolicLink()) {
          follow(readlinkSync(place, { encoding: "latin1" }));
        } else {
          throw missing();
        }
      }
    }
    throw refused("which is a directory");
  }

  /** True if the layer deletes a path, or a directory that it lies in. */
  function isHidden(path: string): boolean {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      if (layer.hides(path.slice(0, end))) return true;
    }
    return false;
  }

  return { find, layerOf: layerOfDirectory };
}

const nothing = { kind: "nothing" } as const;
