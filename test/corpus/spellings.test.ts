// Archives of random entries, each spelled in random ways: whatever the spelling, the tree is that of the canonical one,
// and what GNU tar alone makes of it; and the archive comes back as it was spelled.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { archive, type CraftedHeader, entry, gnuMagic, longName, pax } from "../support/trees/crafted-tar.js";
import { throughSplit } from "../support/trees/through-split.js";
import { assertStaysInside } from "./canonical-spelling.js";
import { describeTree } from "./describe-tree.js";
import { respell } from "./name-mutators.js";
import { createRandom, type Random } from "./random.js";

const scratch = useScratchDirectory();
const rounds = 40;

it("any spelling of an archive is the tree of the canonical one", async () => {
  for (let round = 0; round < rounds; round++) {
    const random = createRandom(14, round);
    const entries = randomEntries(random);
    const plain = entries.map((one) => written(random, one, (name) => name));
    const expected = await byGnuTar(archive(...plain));
    expect(await byUs(archive(...plain)), `round ${round}`).toEqual(expected);
    const spelled = entries.map((one) =>
      written(random, one, (name) => (name === "./" ? random.pick(["./", "/", "."]) : respell(random, name))),
    );
    expect(await byUs(archive(...spelled)), `round ${round}, spelled`).toEqual(expected);
  }
});

type Entry = CraftedHeader & { readonly body?: string };

/** Entries of which each lies in a directory that is named before it; some come twice, as the same kind. */
function randomEntries({ below, pick, chance }: Random): Entry[] {
  const directories = [""];
  const files: string[] = [];
  const entries: Entry[] = [];
  const add = (one: Entry) => {
    entries.push(one);
    if (chance(0.2)) entries.push(one.type === "1" ? one : { ...one, mode: 0o700 });
  };
  if (chance(0.5)) add({ name: "./", type: "5", mode: 0o711 });
  for (let count = 5 + below(25); count > 0; count--) {
    const name = `${pick(directories)}${pick(["f", "\xff", "é", "l".repeat(90), "m".repeat(180)])}${count}`;
    pick([
      () => {
        directories.push(`${name}/`);
        add({ name: `${name}/`, type: "5", mode: pick([0o755, 0o700]) });
      },
      () => {
        files.push(name);
        add({ name, body: pick(["", "x", "y".repeat(700)]) });
      },
      () => add({ name, type: "2", linkName: pick(["/etc", "../up", "x", "t".repeat(150)]) }),
      () => files.length > 0 && add({ name, type: "1", linkName: pick(files) }),
    ])();
  }
  return entries;
}

/** The blocks of an entry, its names where a random archiver puts them. */
function written(random: Random, { body = "", ...header }: Entry, spell: (name: string) => string): Buffer {
  const name = spell(header.name);
  const isHardLink = header.type === "1";
  const linkName = isHardLink ? spell(header.linkName ?? "") : (header.linkName ?? "");
  const isLong = name.length > 100 || linkName.length > 100;
  const all = { ...header, name, linkName };
  return random.pick([
    () => (isLong ? byPax() : entry(all, body)),
    () => byPax(),
    () => Buffer.concat([longName(name), longName(linkName, "K"), entry({ ...all, magic: gnuMagic }, body)]),
  ])();

  function byPax(): Buffer {
    const records: [string, string][] = [
      ["path", name],
      ["mtime", "1400000000.5"],
    ];
    if (linkName !== "") records.push(["linkpath", linkName]);
    return Buffer.concat([pax(records), entry(all, body)]);
  }
}

async function byUs(bytes: Buffer): Promise<string[]> {
  const { layerDirectory, again } = await throughSplit(bytes, await scratch.fresh());
  expect(again?.equals(bytes)).toBe(true);
  return describeTree(layerDirectory);
}

async function byGnuTar(bytes: Buffer): Promise<string[]> {
  assertStaysInside(bytes);
  const directory = join(await scratch.fresh(), "alone/and/deep");
  mkdirSync(dirname(directory), { recursive: true });
  mkdirSync(directory);
  await execa("tar", ["-xPpf", "-", "-C", directory, "--numeric-owner", "--delay-directory-restore"], {
    input: bytes,
    env: { LC_ALL: "C" },
  });
  const lines = await describeTree(directory);
  // The root has the hour of the extraction where no entry names it.
  return lines.filter((line) => !/^d 755 \. @/.test(line));
}
