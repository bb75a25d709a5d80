// What the trials store: archives whose trees and checksums are known beforehand, by GNU tar, xz and sha256sum alone.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { shell } from "../support/processes/shell.js";
import { canonicalTar } from "./auditor/shell-lines.js";

/** A layer to be stored. */
export interface Content {
  readonly name: string;
  /** The archive's path: a job's `layer`. */
  readonly archive: string;
  /** The tree that the archive is of, as GNU tar unpacked it. */
  readonly tree: string;
  /** Hex sha256 of the tree's canonical tar. */
  readonly tarDigest: string;
  /** The canonical tar of the tree, compressed by the recipe xz-6. */
  readonly compressed: string;
}

const kinds = [
  {
    name: "tiny",
    fill: "echo hello > greeting; ln greeting again; ln -s greeting link",
    suffix: "tar",
    pack: "cat",
  },
  {
    name: "nodes",
    fill: "mkdir -m 1777 tmp; mknod null c 1 3; mkfifo pipe; touch a; chmod 4755 a",
    suffix: "tar.gz",
    pack: "gzip",
  },
  {
    name: "many",
    fill: "mkdir d; (cd d; seq 400 | xargs touch); seq 20000 > numbers",
    suffix: "tar.xz",
    pack: "xz -1",
  },
  { name: "medium", fill: "head -c 700000 /dev/urandom | base64 > text", suffix: "tar.zst", pack: "zstd -q" },
  {
    name: "large",
    fill: "head -c 1500000 /dev/urandom | base64 > text; seq 200000 > numbers",
    suffix: "tar",
    pack: "cat",
  },
  {
    name: "whiteouts",
    fill: "mkdir etc; touch etc/.wh.greeting .wh.again; echo new > etc/issue",
    suffix: "tar.bz2",
    pack: "bzip2",
  },
] as const;

/** Makes all of them in a directory. */
export async function makeContents(directory: string): Promise<Content[]> {
  return Promise.all(
    kinds.map(async ({ name, fill, suffix, pack }) => {
      const [source, tree] = [join(directory, `${name}.source`), join(directory, `${name}.tree`)];
      const archive = join(directory, `${name}.${suffix}`);
      const compressed = join(directory, `${name}.canonical.xz`);
      for (const path of [source, tree]) mkdirSync(path, { recursive: true });
      await shell(fill, { cwd: source });
      await shell(`tar -C ${source} --format=pax -cf - . | ${pack} > ${archive}`);
      await shell(`tar -C ${source} --format=pax -cf - . | tar -C ${tree} -xpf -`);
      await shell(`${canonicalTar(tree)} | xz -6 --check=crc64 --block-size=8MiB -T2 > ${compressed}`);
      const digest = await shell(`${canonicalTar(tree)} | sha256sum`);
      return { name, archive, tree, compressed, tarDigest: digest.toString("latin1").slice(0, 64) };
    }),
  );
}
