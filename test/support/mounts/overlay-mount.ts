// A mount of the kernel's overlayfs made by hand: what a driver's upper looks like comes from the kernel alone.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { shell } from "../processes/shell.js";

export interface OverlayMount {
  /** Where the layers are seen as one tree. */
  readonly merged: string;
  readonly upper: string;
}

/** The features of a kernel that would leave an upper whose files alone do not tell what changed. */
const plain = "index=off,metacopy=off,redirect_dir=off";

/**
 * Mounts directories, topmost first, under a fresh upper for as long as `use` takes. They hold deletions as overlayfs
 * does. Needs root.
 * @param directory an empty one
 */
export async function onOverlay<T>(
  directory: string,
  lowers: readonly string[],
  use: (mount: OverlayMount) => Promise<T>,
): Promise<T> {
  for (const name of ["merged", "upper", "work"]) await mkdir(join(directory, name));
  const merged = join(directory, "merged");
  const upper = join(directory, "upper");
  const options = `${plain},lowerdir=${lowers.join(":")},upperdir=${upper},workdir=${join(directory, "work")}`;
  await execa("mount", ["-t", "overlay", "overlay", "-o", options, merged]);
  try {
    return await use({ merged, upper });
  } finally {
    await execa("umount", [merged]);
  }
}

/**
 * Mounts directories, topmost first, to be read for as long as `use` takes. Needs root.
 * @param directory an empty one
 */
export async function onReadOnlyOverlay<T>(
  directory: string,
  layers: readonly string[],
  use: (merged: string) => Promise<T>,
): Promise<T> {
  const [only, ...others] = layers;
  // Overlayfs takes no single layer.
  if (only !== undefined && others.length === 0) return use(only);
  await execa("mount", [
    "-t",
    "overlay",
    "overlay",
    "-o",
    `${plain},lowerdir=${layers.join(":")}`,
    directory,
  ]);
  try {
    return await use(directory);
  } finally {
    await execa("umount", [directory]);
  }
}

/** Runs lines of bash in a fresh mount, and returns the upper that they leave. */
export async function upperAfter(
  directory: string,
  lowers: readonly string[],
  lines: string,
): Promise<string> {
  return onOverlay(directory, lowers, async ({ merged, upper }) => {
    await shell(`set -eu\n${lines}`, { cwd: merged, locale: "C" });
    return upper;
  });
}
