// Layers without what fuse-overlayfs would take for its own notes. It heeds extended attributes of any layer that it is
// given: `user.overlay.opaque` hides what lies below, `user.fuseoverlayfs.origin` shows a file with the content of another,
// `user.containers.override_stat` on a layer's root gives all files the attributes that their own attributes tell.
import { unlink } from "node:fs/promises";
import { findRecords, run, tools } from "../../host/index.js";
import {
  copyEntries,
  eachWithXattrs,
  joinPath,
  parentPath,
  toolOutput,
  type Xattr,
} from "../../layer/index.js";

/** What fuse-overlayfs heeds wherever it lies, and on the root of a layer. */
const heeded = ["user.overlay.*", "user.fuseoverlayfs.*"];
const heededOfRoot = "user.containers.override_stat";
/** How views mark a directory as opaque: that is ours, and stays. */
const ours = "trusted.overlay.opaque";

/**
 * True if a layer has any of that; perhaps also if it has the last one elsewhere than on its root. Bodies are not read:
 * where its archive is `/dev/null`, GNU tar only lists.
 * @throws `INTERNAL`, `TOOL_MISSING`, `CANCELLED`
 */
export async function mayHaveNotes(layer: string, signal?: AbortSignal | undefined): Promise<boolean> {
  const masks = [...heeded, heededOfRoot].map((mask) => `--xattrs-include=${mask}`);
  const quiet = ["--numeric-owner", "--ignore-failed-read", "--warning=none"];
  const args = ["-cvvvf", "/dev/null", ...quiet, "--xattrs", ...masks, "-C", layer, "."];
  let last = "\n";
  for await (const chunk of toolOutput(tools.tar, args, { signal })) {
    // Attributes are listed below their file, each on a line that begins so; a newline in a name is written as \n.
    const text = last + chunk.toString("latin1");
    if (text.includes("\n  x: ")) return true;
    last = text.slice(-"\n  x: ".length);
  }
  return false;
}

/**
 * Makes a copy of a layer, or of its view, without these attributes. Files without them are hard links.
 * @param to where; nothing may be there
 * @throws `ATTRIBUTE_UNSUPPORTED`, `INTERNAL`, `NO_SPACE`, `TOOL_MISSING`, `CANCELLED`
 */
export async function copyPlain(from: string, to: string, signal?: AbortSignal | undefined): Promise<void> {
  // Directories are made anew, without any extended attributes.
  const how = ["--no-dereference", "--recursive", "--link", "--preserve=mode,ownership,timestamps"];
  await run(tools.cp, [...how, "--no-target-directory", "--", from, to], { signal });
  const paths: string[] = [];
  for await (const records of findRecords([from], [], "%y%P", signal)) paths.push(...records);
  const isDirectory = new Map(paths.map((record) => [record.slice(1), record.startsWith("d")]));
  const query = {
    paths: [...isDirectory.keys()],
    masks: ["user.*", "security.capability", ours],
    mayLackRights: process.geteuid?.() !== 0,
  };
  const files: string[] = [];
  const directories = new Set<string>();
  for await (const [path, xattrs] of eachWithXattrs(from, query, signal)) {
    if (isDirectory.get(path)) {
      if (xattrs.length > 0) directories.add(path);
    } else if (xattrs.some(isHeeded)) {
      files.push(path);
      directories.add(parentPath(path));
    }
  }
  for (const path of files) await unlink(joinPath(Buffer.from(to), path));
  const leftOut = { besides: [ours], leftOut: heeded };
  await copyEntries(from, to, files, leftOut, signal);
  const hasRoot = directories.delete("");
  await copyEntries(from, to, [...directories], leftOut, signal);
  if (hasRoot) await copyEntries(from, to, [""], { ...leftOut, leftOut: [...heeded, heededOfRoot] }, signal);
}

function isHeeded({ name }: Xattr): boolean {
  return heeded.some((mask) => name.startsWith(mask.slice(0, -1)));
}
