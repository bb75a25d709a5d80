// What lies in a root, and what of it belongs to no image and no mount that there should be.
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What there should be, by what the jobs have answered. */
export interface Ledger {
  /** The ids of the images. */
  readonly images: Set<string>;
  /** The ids of the mounts. */
  readonly mounts: Set<string>;
}

export interface RootSample {
  /** Entries of `graph`, but for staging. */
  readonly images: number;
  /** Directories of mounts. */
  readonly mounts: number;
  /** Entries of `views` and of its own directories of links and uppers. */
  readonly views: number;
  /** Paths, relative to the root, that nothing there should be accounts for; of staging, the inbox and the outbox every one. */
  readonly strays: readonly string[];
}

/** Looks at a root while no job is under way. */
export function sampleRoot(root: string, ledger: Ledger): RootSample {
  const images = namesIn(root, "graph").filter((name) => name !== ":tmp:");
  const mounts = namesIn(root, "mounts").filter((name) => /^[0-9a-f]{16}$/.test(name));
  const views = namesIn(root, "views").flatMap((name) =>
    name.startsWith(":") ? namesIn(root, `views/${name}`).map((inner) => `${name}/${inner}`) : [name],
  );
  return {
    images: images.length,
    mounts: mounts.length,
    views: views.length,
    strays: [
      ...namesIn(root, "graph/:tmp:").map((name) => `graph/:tmp:/${name}`),
      ...namesIn(root, "inbox").map((name) => `inbox/${name}`),
      ...["outbox/:tmp:", "leases"].flatMap((name) => namesIn(root, name).map((inner) => `${name}/${inner}`)),
      ...namesIn(root, "outbox")
        .filter((name) => name !== ":tmp:")
        .map((name) => `outbox/${name}`),
      ...images.filter((name) => !ledger.images.has(name)).map((name) => `graph/${name}`),
      ...mounts.filter((name) => !ledger.mounts.has(name)).map((name) => `mounts/${name}`),
      ...views.filter((name) => !ledger.images.has(imageOfView(root, name))).map((name) => `views/${name}`),
    ],
  };
}

/** A view is named by its image, an upper by its image and the layer's inode; a link leads to an image's layer or view. */
function imageOfView(root: string, name: string): string {
  const path = name.startsWith(":links:/") ? linkTarget(join(root, "views", name)) : name;
  return basename(path).replace(/:.*$/, "");
}

function linkTarget(link: string): string {
  const target = readlinkSync(link);
  return basename(target) === "layer" ? dirname(target) : target;
}

function namesIn(root: string, name: string): string[] {
  const directory = join(root, name);
  return existsSync(directory) ? readdirSync(directory) : [];
}
