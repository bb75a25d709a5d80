// Finds out what a file system keeps of a layer: unpacks a tiny archive there that has everything, and looks what is left.
import { accessSync, constants, statSync, utimesSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { removeTree } from "../../disk/index.js";
import { tools } from "../../host/index.js";
import { StevedoreError } from "../../terms/index.js";
import { extractionOptions, type Ownership } from "../extraction-options.js";
import { type BodilessEntry, endOfArchive, formatTarEntry, walkTar } from "../tar/index.js";
import { toolOutput } from "../tool-output.js";
import { assertKept } from "./assert-kept.js";
import { createPromises } from "./promises.js";

/** Something that layers hold, and whether a file system keeps it. */
export interface ProbedAttribute {
  readonly attribute: string;
  readonly isKept: boolean;
  /** True where most file systems do not keep it, and few layers have it: to lack it is no fault of a disk. */
  readonly isRare: boolean;
}

const plain = { kind: "file", mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n } as const;
const capability = `\x01\0\0\x02\0\x20${"\0".repeat(14)}`;

interface Probe {
  readonly attribute: string;
  readonly needsRoot: boolean;
  readonly isRare?: boolean;
  readonly entry: Omit<BodilessEntry, "path">;
}

/** Each is tried on a file of its own. Without root nobody keeps those that need it. */
const probes: readonly Probe[] = [
  { attribute: "extended attributes", needsRoot: false, entry: { ...plain, xattrs: { "user.a": "1" } } },
  {
    attribute: "extended attributes of more than 4 KiB",
    needsRoot: false,
    isRare: true,
    entry: { ...plain, xattrs: { "user.a": "1".repeat(5_000) } },
  },
  {
    attribute: "file capabilities",
    needsRoot: true,
    entry: { ...plain, xattrs: { "security.capability": capability } },
  },
  { attribute: "owners", needsRoot: true, entry: { ...plain, uid: 70_001, gid: 70_002 } },
  { attribute: "modes", needsRoot: false, entry: { ...plain, mode: 0o1751, kind: "directory" } },
  {
    attribute: "times to the nanosecond",
    needsRoot: false,
    entry: { ...plain, mtimeNs: 1_234_567_890_123_456_789n },
  },
  { attribute: "device nodes", needsRoot: true, entry: { ...plain, kind: "null device" } },
];

/** What is tried, by name. */
export const attributeNames: readonly string[] = probes.map(({ attribute }) => attribute);

/**
 * Tries what the file system of a directory keeps, in a directory of its own that is gone afterwards. Without root
 * only what needs no root is tried.
 * @throws the file system's error where nothing can be made in the directory; `TOOL_MISSING`, `CANCELLED`
 */
export async function probeAttributes(
  directory: string,
  signal?: AbortSignal | undefined,
): Promise<ProbedAttribute[]> {
  const ownership: Ownership = process.geteuid?.() === 0 ? "kept" : "squashed";
  const place = placeBeside(directory);
  const { atime, mtime } = statSync(place);
  const own = await mkdtemp(join(place, ".stevedore-probe-"));
  try {
    const tried = probes.filter(({ needsRoot }) => ownership === "kept" || !needsRoot);
    const entries = tried.map(({ attribute, isRare = false, entry }, at) => ({
      attribute,
      isRare,
      bytes: formatTarEntry({ ...entry, path: `${at}` }),
    }));
    await write(own, Buffer.concat([...entries.map(({ bytes }) => bytes), endOfArchive]), ownership, signal);
    const results: ProbedAttribute[] = [];
    for (const { attribute, isRare, bytes } of entries) {
      results.push({ attribute, isRare, isKept: await isKept(own, bytes, ownership, signal) });
    }
    return results;
  } finally {
    await removeTree(own);
    // As if nothing had been there.
    utimesSync(place, atime, mtime);
  }
}

/** A directory to write in of the same file system, if possible another one: what is only looked at stays as it is. */
function placeBeside(directory: string): string {
  const { dev } = statSync(directory);
  for (const place of [tmpdir(), dirname(resolve(directory))]) {
    try {
      if (statSync(place).dev !== dev) continue;
      accessSync(place, constants.W_OK);
      return place;
    } catch {
      // Another one will do.
    }
  }
  return directory;
}

/** Has tar write the archive. It goes on behind what it cannot write. */
async function write(
  directory: string,
  archive: Buffer,
  ownership: Ownership,
  signal: AbortSignal | undefined,
): Promise<void> {
  async function* input() {
    yield archive;
  }
  try {
    for await (const _ of toolOutput(tools.tar, extractionOptions(directory, ownership), {
      input: input(),
      signal,
    }));
  } catch (error) {
    if (!(error instanceof StevedoreError) || ["TOOL_MISSING", "CANCELLED"].includes(error.code)) throw error;
  }
}

async function isKept(
  directory: string,
  entryBytes: Buffer,
  ownership: Ownership,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const promises = createPromises(ownership);
  const walk = walkTar(
    {
      entry: (walked) =>
        promises.take(walked, { name: walked.entry.name.replace(/\/$/, ""), target: "", isHeld: false }),
    },
    { isOwn: true },
  );
  walk.accept(entryBytes);
  try {
    await assertKept(directory, promises, signal);
    return true;
  } catch (error) {
    if (error instanceof StevedoreError && error.code === "CANCELLED") throw error;
    return false;
  }
}
