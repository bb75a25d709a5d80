// Brings a file of a layer below into a layer that has a hard link to it, as overlayfs does: the file and the link are
// then both in the layer, one inode, with all attributes. GNU tar gets them as entries behind those of the archive.
import { readlinkSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { tools } from "../../host/index.js";
import { throwIfAborted } from "../../terms/index.js";
import { canonicalEntryOptions } from "../canonical-tar.js";
import { createHeldBytes } from "../held-bytes.js";
import {
  beforeAdded,
  type Edit,
  formatHardLink,
  heldLinkOf,
  joinPath,
  nameList,
  parentPath,
  renameEntry,
  splitName,
  symlinkOf,
  type UnfinishedLayer,
  walkTar,
} from "../tar/index.js";
import { toolOutput } from "../tool-output.js";
import type { CopyUp } from "../unpack.js";
import { createLinkTargets, type LinkTarget, type LinkTargets } from "./link-targets.js";

/** How many links are looked up before other work has its turn. */
const lookedUpAtOnce = 64;

/** A file of a layer below, and the names that it gets in the layer. */
interface Copied {
  readonly from: Extract<LinkTarget, { kind: "below" }>;
  /** Those that it has below, where the layer has nothing else. */
  readonly places: Set<string>;
  readonly links: string[];
}

/**
 * Returns what brings the targets of hard links from layers below.
 * @param layersBelow their directories, topmost first; asked for only where an archive has such a link
 */
export function copyUpFrom(layersBelow: () => Promise<readonly string[]>): CopyUp {
  return async function* (layer, signal) {
    const links = layer.linksBelow();
    if (links.length === 0) return;
    const below = await layersBelow();
    const targets = createLinkTargets(layer, below);
    /** By inode: names of one file below are names of one file here. */
    const copied = new Map<string, Copied>();
    const own: Buffer[] = [];
    for (const [at, link] of links.entries()) {
      // The look-ups are synchronous.
      if (at % lookedUpAtOnce === 0) await setImmediate();
      throwIfAborted(signal);
      const target = targets.find(link);
      if (target.kind === "own") {
        own.push(formatHardLink(link.name, target.path));
        continue;
      }
      const { dev, ino } = target.stat;
      const known = copied.get(`${dev}:${ino}`) ?? { from: target, places: new Set(), links: [] };
      copied.set(`${dev}:${ino}`, known);
      if (!target.isApart) known.places.add(target.path);
      known.links.push(link.name);
    }
    yield beforeAdded();
    const { ofLayer, hardLinks } = addAll([...copied.values()], layer, targets);
    for (const [directory, names] of ofLayer) yield* entriesOf(directory, names, signal);
    yield* hardLinks;
    yield* own;
  };
}

/** Adds files to a layer. Returns what is copied of each layer below, by path, under which name; and the hard links. */
function addAll(copied: readonly Copied[], layer: UnfinishedLayer, { layerOf }: LinkTargets) {
  const ofLayer = new Map<string, Map<string, string>>();
  const hardLinks: Buffer[] = [];

  function copy(from: string, path: string, name: string, bytes: number): void {
    const names = ofLayer.get(from) ?? new Map<string, string>();
    ofLayer.set(from, names.set(path, name));
    layer.count(bytes);
  }

  /** Directories that the archive neither names nor implies come from below with their attributes. */
  function addDirectories(name: string): void {
    const missing: string[] = [];
    for (let path = parentPath(name); path !== ""; path = parentPath(path)) {
      if (layer.own(path).kind !== "nothing") break;
      missing.push(path);
    }
    for (const path of missing.reverse()) {
      const from = layerOf(path);
      layer.addDirectory(path, from !== undefined);
      if (from !== undefined) copy(from, path, path, 0);
    }
  }

  for (const { from, places, links } of copied) {
    const [first, ...others] = [...places, ...links] as [string, ...string[]];
    for (const place of places) addDirectories(place);
    if (from.stat.isSymbolicLink()) {
      const target = readlinkSync(joinPath(Buffer.from(from.layer), from.path), { encoding: "latin1" });
      const symlink = symlinkOf(target, heldLinkOf(from.stat));
      for (const name of [first, ...others]) layer.addSymlink(name, symlink);
    } else {
      copy(from.layer, from.path, first, from.stat.isFile() ? Number(from.stat.size) : 0);
      for (const name of others) hardLinks.push(formatHardLink(name, first));
    }
  }
  return { ofLayer, hardLinks };
}

/** The entries of some paths of a directory under other names, without the end of the archive. */
async function* entriesOf(
  directory: string,
  names: ReadonlyMap<string, string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const edits: Edit[] = [];
  const held = createHeldBytes();
  const walk = walkTar(
    {
      entry(walked) {
        const path = splitName(walked.entry.name).join("/");
        const target = "target" in walked.entry ? walked.entry.target : "";
        edits.push(...renameEntry(walked, names.get(path) ?? path, names.get(target) ?? target));
      },
    },
    { isOwn: true },
  );
  const list = nameList(directory, [...names.keys()]);
  const args = [...canonicalEntryOptions, ...list.args];
  for await (const chunk of toolOutput(tools.tar, args, { input: list.input, signal })) {
    held.push(chunk);
    walk.accept(chunk);
    held.edit(edits.splice(0));
    yield* held.release(walk.settled);
  }
}
