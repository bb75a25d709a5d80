// What lies around the directory that an archive is unpacked into, and must not change: things that the attacks of
// the corpus name, and the way to them.
import { createHash } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { below, walkTree } from "./describe-tree.js";

export interface Canary {
  /** The directory that the attacks name. */
  readonly outside: string;
  /** Where to unpack: beside it. It is not part of the canary. */
  readonly layer: string;
  /** Empties the layer: a fresh directory in its place. */
  renew(): void;
  /** What has changed, in lines; nothing if all is well. */
  changes(): string[];
}

/**
 * Puts a canary into an empty directory: `outside` with files, a directory and links, beside `layer`, two levels
 * down, so that ways up that are too long still end inside.
 */
export function placeCanary(directory: string): Canary {
  const nest = join(directory, "deep/nest");
  const outside = join(nest, "outside");
  const layer = join(nest, "layer");
  mkdirSync(join(outside, "dir/inner"), { recursive: true });
  mkdirSync(layer);
  writeFileSync(join(outside, "file"), "canary", { mode: 0o600 });
  writeFileSync(join(outside, "program"), "#!/bin/sh\n", { mode: 0o700 });
  writeFileSync(join(outside, "dir/file"), "canary too");
  linkSync(join(outside, "file"), join(outside, "hard"));
  symlinkSync("file", join(outside, "link"));
  symlinkSync(join(outside, "dir"), join(outside, "dirlink"));
  const before = state(directory, layer);
  const around = nest.slice(directory.length + 1);
  return {
    outside,
    layer,
    renew() {
      rmSync(layer, { recursive: true, force: true });
      mkdirSync(layer);
      before.set(around, state(directory, layer).get(around) ?? "");
    },
    changes() {
      const now = state(directory, layer);
      const paths = [...new Set([...before.keys(), ...now.keys()])].sort();
      return paths
        .filter((path) => before.get(path) !== now.get(path))
        .map((path) => `${path}: ${before.get(path) ?? "was not there"}; now ${now.get(path) ?? "gone"}`);
    },
  };
}

/**
 * All there is but the layer. No attribute changes without the time of the last status change (ctime), which nothing
 * but the clock sets: xattrs and ACLs need not be read.
 */
function state(directory: string, layer: string): Map<string, string> {
  const skipped = layer.slice(directory.length + 1);
  const found = new Map<string, string>();
  for (const [path, stat] of walkTree(directory, skipped)) {
    const { ino, mode, nlink, uid, gid, size, rdev, mtimeNs, ctimeNs } = stat;
    const hash = createHash("sha256");
    if (stat.isFile()) hash.update(readFileSync(below(directory, path)));
    if (stat.isSymbolicLink()) hash.update(readlinkSync(below(directory, path)));
    const numbers = [ino, nlink, uid, gid, size, rdev, mtimeNs, ctimeNs].join(" ");
    found.set(path, `${mode.toString(8)} ${numbers} ${hash.digest("hex").slice(0, 16)}`);
  }
  return found;
}
