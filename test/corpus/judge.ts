// Says of one archive whether it was unpacked, or refused, as it must be. There is no telling what a mutated archive
// should become, so it is judged by what must hold for all of them:
//
// - Nothing outside of the layer changes, and an error has one of the four codes of an archive that cannot be kept.
// - GNU tar's own guards never have to step in: the inspector comes before them.
// - What is accepted, GNU tar accepts too when it reads the canonical spelling of the archive by itself, without an
//   inspector before it, and on another file system where there is one; of the archive as it is spelled it lists as many
//   entries as the inspector saw, none of them with a name that leads up; and it makes the same tree. GNU tar is the
//   oracle because it is by definition right: layers are what it makes of archives. Other readers of tar (bsdtar, the npm package) are none, for they read some of these
//   archives differently, which the corpus has the cases of. Entries are compared by number: that finds what the
//   inspector took for a body and tar for a header, or the other way round.
// - What is accepted comes back byte for byte. What mutations of its tar-split may do, judge-split.ts says.
// - No file of the layer has a time of today: no archive says so, and what tar did not set is not reproducible.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { execa } from "execa";
import { assembleArchive, type SplitLayer, type Unpacked, unpack } from "../../src/layer/index.js";
import { StevedoreError } from "../../src/terms/error.js";
import type { Compression } from "../../src/terms/index.js";
import { collect } from "../support/collect.js";
import type { Canary } from "./canary.js";
import { canonicalSpelling } from "./canonical-spelling.js";
import { withDeadline } from "./deadline.js";
import { below, walkTree } from "./describe-tree.js";
import { judgeSplits, type SplitSums } from "./judge-split.js";
import type { Random } from "./random.js";

export type Verdict =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly code: string }
  | { readonly kind: "crash" | "hang" | "escape" | "difference"; readonly detail: string };

/** Where an archive is tried. */
export interface Bench {
  readonly canary: Canary;
  /** A directory for GNU tar by itself, if possible on a file system of another kind. */
  readonly reference: string;
}

const limits = { maxBytes: 8 * 1024 * 1024, maxEntries: 2_000 };
const badCodes = new Set(["BAD_ARCHIVE", "UNSAFE_ENTRY", "LIMIT_EXCEEDED", "ATTRIBUTE_UNSUPPORTED"]);
/** Milliseconds. Generous: the machine may be busy, and tar writes all of it to a disk. */
const deadline = 60_000;
/** What GNU tar says when it protects its user. */
const guardWords = /Member name contains '\.\.'|Removing leading/;

/** What is tried of an archive that is accepted, besides. */
export interface SplitTrials {
  readonly random: Random;
  readonly sums: SplitSums;
}

/** Unpacks the archive on the bench and judges. */
export async function judge(
  { canary, reference }: Bench,
  bytes: Buffer,
  { random, sums }: SplitTrials,
): Promise<Verdict> {
  const start = BigInt(Date.now() - 1_000) * 1_000_000n;
  canary.renew();
  const splitPath = `${reference}.tar-split.gz`;
  rmSync(splitPath, { force: true });
  mkdirSync(dirname(splitPath), { recursive: true });
  const outcome = await tryUnpack(bytes, canary.layer, splitPath);
  const changes = canary.changes();
  if (changes.length > 0) return { kind: "escape", detail: changes.join("\n") };
  if ("kind" in outcome) return outcome;

  const ours = readTree(canary.layer);
  const isToday = [...ours].filter(
    ([, { mtimeNs }]) => mtimeNs >= start && mtimeNs <= BigInt(Date.now()) * 1_000_000n,
  );
  if (isToday.length > 0) return { kind: "difference", detail: `of today: ${isToday.map(([path]) => path)}` };
  const plain = await decompressed(bytes, outcome.compression);
  const problem =
    (await assemble({ layerDirectory: canary.layer, splitPath }, plain)) ??
    (await countByGnuTar(plain, fresh(reference), outcome.archiveEntries)) ??
    (await extractByGnuTar(plain, fresh(reference)));
  if (problem !== undefined) return problem;
  const differences = compare(ours, readTree(reference));
  if (differences.length > 0) return { kind: "difference", detail: differences.join("\n") };
  const split = { layerDirectory: canary.layer, splitPath };
  return (await judgeSplits(split, plain, canary, random, sums)) ?? { kind: "accepted" };
}

async function tryUnpack(bytes: Buffer, layer: string, splitPath: string): Promise<Unpacked | Verdict> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 16_384) pieces.push(bytes.subarray(at, at + 16_384));
  const open = () => Readable.from(pieces, { objectMode: false });
  return withDeadline(deadline, async (signal) => {
    try {
      return await unpack(open(), layer, { limits, splitPath, reopen: async () => open() }, signal);
    } catch (error) {
      if (!(error instanceof StevedoreError))
        return { kind: "crash", detail: String((error as Error).stack ?? error) };
      if (signal.aborted) return { kind: "hang", detail: `no end after ${deadline} ms` };
      if (!badCodes.has(error.code)) return { kind: "crash", detail: `${error.code}: ${error.message}` };
      if (guardWords.test(error.message))
        return { kind: "escape", detail: `only tar saw it: ${error.message}` };
      return { kind: "refused", code: error.code };
    }
  });
}

/** Makes the archive again from its layer. */
async function assemble(split: SplitLayer, plain: Buffer): Promise<Verdict | undefined> {
  try {
    const again = Buffer.concat(await collect(assembleArchive(split)));
    if (again.equals(plain)) return undefined;
    return { kind: "difference", detail: "it comes back as another archive" };
  } catch (error) {
    return { kind: "difference", detail: `it does not come back: ${String(error)}` };
  }
}

/** By the program of that name, as it comes: what follows a stream and is none, it may complain of. */
async function decompressed(bytes: Buffer, compression: Compression): Promise<Buffer> {
  if (compression === "none") return bytes;
  const { stdout } = await execa(compression, ["-dcq"], { input: bytes, encoding: "buffer", reject: false });
  return Buffer.from(stdout);
}

function fresh(directory: string): string {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return directory;
}

/**
 * Has GNU tar extract the archive as it is spelled, and counts its entries. That it can extract them all is not asked:
 * it follows no symlink that leads elsewhere on the host.
 */
async function countByGnuTar(
  input: Buffer,
  directory: string,
  entries: number,
): Promise<Verdict | undefined> {
  const args = ["-xvvf", "-", "-C", directory, "--numeric-owner", "-p", "--delay-directory-restore"];
  const run = await execa("tar", [...args, "--quoting-style=escape"], {
    input,
    reject: false,
    env: { LC_ALL: "C" },
  });
  if (/Member name contains '\.\.'/.test(run.stderr)) return { kind: "escape", detail: run.stderr };
  const lines = run.stdout.split("\n").filter((line) => line !== "" && !isNoEntry.test(line));
  const listed = lines.map(
    (line) => /^\S+ +\S+ +\S+ \S+ \S+ (.*?)(?: -> .*| link to .*)?$/.exec(line)?.[1] ?? line,
  );
  const leading = listed.filter((name) => /(^|\/)\.\.(\/|$)/.test(name));
  if (leading.length > 0) return { kind: "escape", detail: `accepted: ${leading.join(", ")}` };
  if (lines.length === entries) return undefined;
  return {
    kind: "difference",
    detail: `${entries} entries, but GNU tar sees ${lines.length}:\n${run.stdout}`,
  };
}

/** Has GNU tar extract the canonical spelling of the archive. `-P` is for symlinks: they are made at once. */
async function extractByGnuTar(bytes: Buffer, directory: string): Promise<Verdict | undefined> {
  const args = [
    "-xPf",
    "-",
    "-C",
    directory,
    "--numeric-owner",
    "-p",
    "--delay-directory-restore",
    "--xattrs",
  ];
  const run = await execa("tar", [...args, "--xattrs-include=user.*"], {
    input: canonicalSpelling(bytes),
    reject: false,
    env: { LC_ALL: "C" },
  });
  if (run.exitCode === 0) return undefined;
  return { kind: "difference", detail: `GNU tar by itself: ${run.stderr}` };
}

/** Volume labels, and the directories that tar makes on the way to an entry. */
const isNoEntry = /^V|^d\S+ +Creating directory: /;

interface Node {
  readonly mtimeNs: bigint;
  readonly isImplied: boolean;
  readonly words: string;
}

/** Times that file systems keep differently: ext4 ends in 2446, and begins in 1901. */
const [firstTime, lastTime] = [-(2n ** 31n), 15_032_385_535n].map((seconds) => seconds * 1_000_000_000n) as [
  bigint,
  bigint,
];

/** What two extractions of a layer must agree in, by path. Extended attributes are left to the corpus. */
function readTree(root: string): Map<string, Node> {
  const tree = new Map<string, Node>();
  const seen = new Map<bigint, string>();
  for (const [path, stat] of walkTree(root)) {
    const { mode, uid, gid, mtimeNs, ino, size, rdev } = stat;
    const hash = createHash("sha1");
    if (stat.isFile()) hash.update(readFileSync(below(root, path)));
    if (stat.isSymbolicLink()) hash.update(readlinkSync(below(root, path)));
    const time = mtimeNs < firstTime ? firstTime : mtimeNs > lastTime ? lastTime : mtimeNs;
    if (!seen.has(ino)) seen.set(ino, path);
    const isDirectory = stat.isDirectory();
    const words = [
      ...[mode.toString(8), `${uid}:${gid}`, time],
      ...(isDirectory ? [] : [size, rdev, hash.digest("hex"), `same as ${seen.get(ino)}`]),
    ].join(" ");
    const isImplied = isDirectory && words === "40755 0:0 0";
    tree.set(path, { mtimeNs, isImplied, words });
  }
  return tree;
}

function compare(ours: ReadonlyMap<string, Node>, theirs: ReadonlyMap<string, Node>): string[] {
  const paths = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  return paths.flatMap((path) => {
    const [one, other] = [ours.get(path), theirs.get(path)];
    // Directories that no entry names are made the same everywhere: tar gives them the hour and the umask.
    if (one?.isImplied && other?.words.startsWith("40")) return [];
    if (one?.words === other?.words) return [];
    return [
      `${JSON.stringify(path)}: ${one?.words ?? "nothing"}; GNU tar by itself: ${other?.words ?? "nothing"}`,
    ];
  });
}
