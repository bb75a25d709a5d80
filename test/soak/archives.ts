// The archives that a soak stores, made by GNU tar before it begins, and what is known of each without Stevedore.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { shellLine } from "../../src/layer/shell-line.js";
import { archive, entry } from "../support/trees/crafted-tar.js";
import { thenFill } from "../support/trees/documented-tar.js";
import type { Random } from "./random.js";

export interface Archive {
  readonly path: string;
  readonly compression: "none" | "gzip" | "bzip2" | "xz" | "zstd";
  /** `sha256:` of the tar. */
  readonly diffId: string;
  /** The root not counted. */
  readonly entries: number;
  /** `sha256:` of the canonical tar of the tree, by the documented line. */
  readonly tarDigest: string;
  /** sha256 of the file itself, in hex. */
  readonly sha256: string;
}

type Some<T> = readonly [T, ...T[]];

export interface Archives {
  /** The directory that all of them lie in. */
  readonly directory: string;
  /** Layers that hide nothing, each in every compression. */
  readonly plain: Some<Archive>;
  /** Layers with whiteouts, to lie on plain ones. */
  readonly hiding: Some<Archive>;
  /** One that takes long enough to compress to be cancelled meanwhile. */
  readonly large: Archive;
  readonly bad: Some<{ readonly path: string; readonly code: "BAD_ARCHIVE" | "UNSAFE_ENTRY" }>;
}

const compressors = { none: "cat", gzip: "gzip -n", bzip2: "bzip2", xz: "xz -1", zstd: "zstd -q" } as const;
const everyCompression = Object.keys(compressors) as (keyof typeof compressors)[];

/** The paths that every plain layer has, so that what hides them and what changes them is known. */
const plainTree = `mkdir -p etc opt/old; echo root:x:0:0 > etc/passwd; echo ::1 > etc/hosts; : > etc/shadow
  echo old > opt/old/file; ln -s /etc/passwd link; ln etc/hosts etc/hosts2; chmod 4755 etc/shadow; mkfifo fifo`;
const hidingTree =
  "mkdir -p etc opt; : > etc/.wh.shadow; : > opt/.wh..wh..opq; echo new > opt/new; echo hi > etc/motd";

/** Makes them in a directory, the same for the same seed. */
export function makeArchives(directory: string, random: Random): Archives {
  mkdirSync(directory);
  const make = (name: string, script: string, bytes: number, compressions = everyCompression) =>
    makeTree(directory, name, script, Buffer.from(random.hex(bytes), "hex"), compressions);
  const plain = [0, 500, 4_000, 20_000, 60_000, 150_000].flatMap((size) =>
    make(`plain-${size}`, plainTree, size),
  );
  const hiding = [0, 3_000, 30_000].flatMap((size) => make(`hiding-${size}`, hidingTree, size));
  const [large] = make("large", plainTree, 800_000, ["none"]);
  return {
    directory,
    plain: plain as unknown as Some<Archive>,
    hiding: hiding as unknown as Some<Archive>,
    large: large as Archive,
    bad: makeBad(directory),
  };
}

function makeTree(
  directory: string,
  name: string,
  script: string,
  content: Buffer,
  compressions: readonly (keyof typeof compressors)[],
): Archive[] {
  const image = join(directory, `${name}.d`);
  const layer = join(image, "layer");
  mkdirSync(layer, { recursive: true });
  writeFileSync(join(image, "json"), "{}");
  writeFileSync(join(layer, "content"), content);
  // Whole seconds, for the archives' own format has no others.
  bash(
    `${script}\nfind . -depth -exec touch -h -d @1400000000 {} +\ntar --numeric-owner -cf ../../${name}.tar .`,
    layer,
  );
  const tar = join(directory, `${name}.tar`);
  const diffId = `sha256:${sha256(tar)}`;
  const entries = Number(bash(`tar -tf ${tar} | grep -cvx ./`, directory));
  const canonical = /echo; (.*) \| xz /.exec(shellLine("xz-6", { imageDirectory: image }))?.[1];
  const tarDigest = `sha256:${bash(`${canonical}${thenFill} | sha256sum`, directory).slice(0, 64)}`;
  return compressions.map((compression) => {
    const path = `${tar}.${compression}`;
    bash(`${compressors[compression]} < ${tar} > ${path}`, directory);
    return { path, compression, diffId, entries, tarDigest, sha256: sha256(path) };
  });
}

function makeBad(directory: string): Archives["bad"] {
  const inDirectory = (name: string) => join(directory, name);
  bash("head -c 9000 plain-20000.tar.gzip > cut.gzip; head -c 15000 plain-20000.tar > cut.tar", directory);
  writeFileSync(inDirectory("noise"), Buffer.alloc(2_048, "no tar at all "));
  writeFileSync(
    inDirectory("above"),
    archive(entry({ name: "kept" }, "x"), entry({ name: "../above" }, "x")),
  );
  writeFileSync(inDirectory("absolute"), archive(entry({ name: "/etc/absolute" }, "x")));
  writeFileSync(
    inDirectory("linked"),
    archive(entry({ name: "link", type: "1", linkName: "../../graph-id" })),
  );
  return [
    { path: inDirectory("cut.gzip"), code: "BAD_ARCHIVE" },
    { path: inDirectory("cut.tar"), code: "BAD_ARCHIVE" },
    { path: inDirectory("noise"), code: "BAD_ARCHIVE" },
    { path: inDirectory("above"), code: "UNSAFE_ENTRY" },
    { path: inDirectory("absolute"), code: "UNSAFE_ENTRY" },
    { path: inDirectory("linked"), code: "UNSAFE_ENTRY" },
  ];
}

/** The hex sha256 of a file, by sha256sum. */
function sha256(path: string): string {
  return bash(`sha256sum < ${basename(path)}`, join(path, "..")).slice(0, 64);
}

function bash(script: string, directory: string): string {
  const env = { PATH: process.env.PATH, LC_ALL: "C" };
  return execFileSync("bash", ["--norc", "-euo", "pipefail", "-c", script], {
    cwd: directory,
    env,
    encoding: "utf8",
  });
}
