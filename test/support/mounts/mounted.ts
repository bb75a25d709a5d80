// What is mounted, as the kernel tells it, and how a test file leaves nothing mounted behind.
import { execFileSync } from "node:child_process";
import { realpathSync } from "node:fs";

export interface Mounted {
  readonly target: string;
  readonly source: string;
  readonly type: string;
  /** Those of the mount and of its file system. */
  readonly options: readonly string[];
}

/** What is mounted now, in the order of mounting. findmnt reads /proc/self/mountinfo. */
export function mountedNow(): Mounted[] {
  const columns = "TARGET,SOURCE,FSTYPE,OPTIONS";
  const output = execFileSync("findmnt", ["--kernel", "--json", "--list", "--output", columns], {
    encoding: "utf8",
  });
  const { filesystems } = JSON.parse(output) as { filesystems: Record<string, string | null>[] };
  return filesystems.map(({ target, source, fstype, options }) => ({
    target: target ?? "",
    source: source ?? "",
    type: fstype ?? "",
    options: (options ?? "").split(","),
  }));
}

/** What is mounted below a directory. */
export function mountedBelow(directory: string): Mounted[] {
  const above = `${realpathSync(directory)}/`;
  return mountedNow().filter(({ target }) => target.startsWith(above));
}

/** Unmounts all that is mounted below a directory: to be called when the tests of a file are done, or have failed. */
export function unmountBelow(directory: string): void {
  for (const { target } of mountedBelow(directory).toReversed()) {
    execFileSync("umount", ["--no-canonicalize", "--lazy", "--", target]);
  }
}
