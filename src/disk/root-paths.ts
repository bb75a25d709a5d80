// Every name that a root keeps for itself, once. Whoever reads or writes in a root takes its paths from here, and what is
// no place for a mount, what `check` knows, and the table in docs/layout.md follow from it.
import { join } from "node:path";

/** Something that a root keeps for itself. */
interface RootEntry {
  /** Relative to the root. */
  readonly at: string;
  /** Beside a file lie its temporary and damaged forms, under its name and a suffix that begins with a dot. */
  readonly kind: "directory" | "file";
  /** What it is for. */
  readonly holds: string;
}

/** The name of staging, in the graph as in the outbox. No id, and no file of the outbox, can be called so. */
export const stagingName = ":tmp:";

/** What a root keeps for itself. Names that no id can have begin with a colon. */
export const rootEntries = {
  graph: { at: "graph", kind: "directory", holds: "the images, each in a directory of its id" },
  staging: { at: `graph/${stagingName}`, kind: "directory", holds: "images that are being made or removed" },
  garbage: { at: "graph/:garbage:", kind: "directory", holds: "images that Docker 0.2 deleted" },
  leases: { at: "leases", kind: "directory", holds: "what imports and exports rely on" },
  repositories: {
    at: "repositories",
    kind: "file",
    holds: "the names of the images, as Docker 0.3 keeps them",
  },
  checksums: { at: "checksums", kind: "file", holds: "Docker 0.3's dictionary of checksums" },
  pendingChecksums: { at: "checksums.pending", kind: "directory", holds: "what that dictionary still lacks" },
  graphId: { at: "graph-id", kind: "file", holds: "the identity of the root" },
  blocks: { at: "blocks", kind: "directory", holds: "compressed blocks of checksums that are not finished" },
  views: { at: "views", kind: "directory", holds: "layers in the form that overlayfs reads" },
  viewStates: { at: "views/:built:", kind: "directory", holds: "what is known of each view" },
  lowerLinks: { at: "views/:links:", kind: "directory", holds: "links to the lowers of mounts" },
  freshUppers: { at: "views/:uppers:", kind: "directory", holds: "the uppers of next mounts" },
  mounts: { at: "mounts", kind: "directory", holds: "the mounts, and targets that people name" },
  aside: { at: "mounts/:aside:", kind: "directory", holds: "what was deleted while it was mounted" },
  inbox: { at: "inbox", kind: "directory", holds: "uploads, until their job takes them" },
  outbox: { at: "outbox", kind: "directory", holds: "exports, until they are fetched" },
  exportStaging: { at: `outbox/${stagingName}`, kind: "directory", holds: "exports that are being made" },
  queue: { at: "queue", kind: "directory", holds: "the embedded Redis's data" },
  redisLog: { at: "queue/redis.log", kind: "file", holds: "the embedded Redis's log" },
  run: { at: "run", kind: "directory", holds: "what lives no longer than a process" },
  redisSocket: { at: "run/redis.sock", kind: "file", holds: "the embedded Redis's socket" },
  redisLock: { at: "run/redis.lock", kind: "file", holds: "the lock of whoever starts the embedded Redis" },
  runMarkers: { at: "run/workers", kind: "directory", holds: "a mark for each worker that runs" },
  clocks: { at: "run/clocks", kind: "directory", holds: "what each host has noticed of its clock" },
  lostAndFound: { at: "lost+found", kind: "directory", holds: "what `check --repair` moved away" },
} as const satisfies Record<string, RootEntry>;

/** What lies in the directory of an image. */
export const imageEntries = {
  record: "json",
  layer: "layer",
  split: "tar-split.gz",
  facts: "layer.json",
  checksums: "checksum.json",
  /** The compressed forms of the layer that are known by their digests. */
  blobs: "blobs.json",
  manifest: "manifest.gz",
  /** The config that an imported image came with, byte for byte. */
  config: "config.json",
  /** The manifest that it came with. */
  imageManifest: "manifest.json",
} as const;

type RootEntryName = keyof typeof rootEntries;

/** Where something that a root keeps lies, or, by further names, something in it. */
export function rootPath(root: string, entry: RootEntryName, ...names: readonly string[]): string {
  return join(root, rootEntries[entry].at, ...names);
}

/**
 * Finds what a path lies on or in.
 * @param path relative to the root
 * @returns the topmost entry, such as `views` for what is in `views/:built:`; undefined for a path that the root does not
 * keep for itself
 */
export function rootEntryOf(path: string): RootEntryName | undefined {
  const [name = ""] = path.split("/");
  const isBeside = (entry: RootEntryName) =>
    rootEntries[entry].kind === "file" && name.startsWith(`${rootEntries[entry].at}.`);
  return names.find((entry) => rootEntries[entry].at === name) ?? names.find(isBeside);
}

/** The names that a root keeps for itself in one of its directories, sorted. */
export function namesWithin(directory: RootEntryName): string[] {
  const above = `${rootEntries[directory].at}/`;
  const within = names.map((entry) => rootEntries[entry].at).filter((at) => at.startsWith(above));
  return within.map((at) => at.slice(above.length)).sort();
}

const names = Object.keys(rootEntries) as RootEntryName[];
