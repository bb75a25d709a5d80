// What a layer says of its files is on the disk afterwards, or it is refused by the file and the attribute.
import { createReadStream, mkdirSync, readFileSync } from "node:fs";
import { chmod, chown } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { flattenLayers, type Unpacked, unpack } from "../../src/layer/index.js";
import { unmountBelow } from "../support/mounts/mounted.js";
import { asNobody, nobody } from "../support/processes/unprivileged.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { archive, entry, pax } from "../support/trees/crafted-tar.js";

const scratch = useScratchDirectory();
const limits = { maxBytes: 1e9, maxEntries: 10_000 };
const code = "ATTRIBUTE_UNSUPPORTED";

/** A directory of an ext4 that keeps 256 bytes of an inode, or 128: there times are of whole seconds, and end in 2038. */
async function ext4(inodeSize: 128 | 256): Promise<string> {
  const directory = await scratch.fresh();
  const image = join(directory, "image");
  await execa("truncate", ["-s", "8M", image]);
  await execa("mkfs.ext4", ["-q", "-b", "4096", "-I", `${inodeSize}`, image]);
  return mounted(["-o", "loop", image], directory);
}

async function mounted(what: readonly string[], directory: string): Promise<string> {
  const at = join(directory, "disk");
  mkdirSync(at);
  await execa("mount", [...what, at]);
  return at;
}

let disk: string;
let old: string;
let memory: string;
beforeAll(async () => {
  [disk, old] = await Promise.all([ext4(256), ext4(128)]);
  memory = await mounted(["-t", "ramfs", "none"], await scratch.fresh());
});
afterAll(() => unmountBelow(scratch.path));

let count = 0;
function below(fileSystem: string): string {
  const layer = join(fileSystem, `${count++}`);
  mkdirSync(layer);
  return layer;
}

async function unpackParts(fileSystem: string, ...parts: Buffer[]): Promise<string> {
  const layer = below(fileSystem);
  await unpack(Readable.from([archive(...parts)], { objectMode: false }), layer, { limits });
  return layer;
}

function unpackWild(name: string, layer: string): Promise<Unpacked> {
  const path = fileURLToPath(new URL(`../fixtures/wild/${name}.tar`, import.meta.url));
  return unpack(createReadStream(path), layer, { limits });
}

async function capabilitiesIn(layer: string): Promise<string> {
  return (await execa("getfattr", ["-Rhd", "-m", "security.capability", "-e", "hex", "."], { cwd: layer }))
    .stdout;
}

describe("file capabilities", () => {
  it("are there on ext4, of every name of a file", async () => {
    const layer = below(disk);
    await unpackWild("capabilities", layer);
    const found = await capabilitiesIn(layer);
    for (const name of ["ping", "ping2", "v3"]) expect(found).toContain(`# file: ${name}\n`);
  });

  it("are refused where the file system has no extended attributes", async () => {
    await expect(unpackWild("capabilities", below(memory))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/"ping" .*security\.capability/),
    });
  });

  it("are no matter of a file that a later entry replaces", async () => {
    const capability = "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    const parts = [
      pax([["SCHILY.xattr.security.capability", capability]]),
      entry({ name: "./f" }),
      entry({ name: "f" }),
    ];
    await unpackParts(memory, ...parts);
    await expect(unpackParts(memory, ...parts.slice(0, 2))).rejects.toMatchObject({ code });
  });

  it("of the host's root user are those without one", async () => {
    const third = `\x01\0\0\x03\0\x20${"\0".repeat(18)}`;
    const layer = await unpackParts(
      disk,
      pax([["SCHILY.xattr.security.capability", third]]),
      entry({ name: "f" }),
    );
    expect(await capabilitiesIn(layer)).toContain("=0x0100000200200000");
  });
});

describe("extended attributes", () => {
  it("that are too large are refused", async () => {
    await expect(unpackWild("xattr-5000-bytes", below(disk))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/"f" .*user\.big of 5000 bytes/),
    });
  });

  it("may be of any name, value and number, and of directories", async () => {
    const records: [string, string][] = [
      ["SCHILY.xattr.user.a%3Db%25", "1"],
      ["SCHILY.xattr.user.lines", "one\n14 path=x\n\0\xff"],
      ["SCHILY.xattr.user.long", "x".repeat(100)],
      ["SCHILY.xattr.user.none", ""],
    ];
    const named = [..."abcefghi"].flatMap((name) => [pax(records), entry({ name })]);
    const layer = await unpackParts(disk, pax(records), entry({ name: "d/", type: "5" }), ...named);
    const { stdout } = await execa("getfattr", ["-Rd", "-m", ".", "."], { cwd: layer });
    expect(stdout.match(/user\.a\\075b%="1"|user\.a=b%="1"/g)).toHaveLength(9);
  });

  it("are refused of the one among many that lacks its own", async () => {
    const all = Array.from({ length: 300 }, (_, at) => [
      pax([
        ["SCHILY.xattr.user.at", at === 250 ? "x".repeat(4000) : `${at}`],
        ["path", `d/${at}`],
      ]),
      entry({ name: "n" }, "body".repeat(at)),
    ]).flat();
    // 4000 bytes alone do fit.
    await unpackParts(disk, ...all);
    all.splice(
      500,
      0,
      pax([["SCHILY.xattr.user.at", "x".repeat(4100)]]),
      entry({ name: "d/é", mode: 0o4755 }),
    );
    await expect(unpackParts(disk, ...all)).rejects.toMatchObject({
      code,
      message: expect.stringContaining("user.at of 4100 bytes"),
    });
  });

  it("that a directory has no more by a later entry are not asked for", async () => {
    const d = entry({ name: "d/", type: "5", mode: 0o755 });
    await unpackParts(memory, pax([["SCHILY.xattr.user.a", "1"]]), d, d);
    await expect(unpackParts(memory, d, pax([["SCHILY.xattr.user.a", "1"]]), d)).rejects.toMatchObject({
      code,
    });
  });

  it("of the host are no promise: see layout.md", async () => {
    const records: [string, string][] = [
      ["SCHILY.xattr.trusted.overlay.opaque", "y"],
      ["SCHILY.xattr.security.selinux", "x"],
    ];
    await unpackParts(memory, pax(records), entry({ name: "f" }));
  });
});

describe("times, owners, modes and kinds", () => {
  it.each<[string, string, string]>([
    ["of a fraction of a second", "1000000000.000000001", "1000000000.000000001"],
    ["behind the last", "4000000000", "4000000000"],
    ["before the first", "-3000000000", "-3000000000"],
  ])("a time %s is refused where the file system has none such", async (_, mtime, told) => {
    const parts = [
      entry({ name: "e" }),
      pax([["mtime", mtime]]),
      entry({ name: "d/", type: "5", mode: 0o755 }),
    ];
    await expect(unpackParts(old, ...parts)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`"d" .*the time ${told}`)),
    });
    if (!mtime.startsWith("-")) await unpackParts(disk, ...parts);
    // What replaces the entry has another time.
    await unpackParts(old, ...parts, entry({ name: "d/", type: "5", mode: 0o755 }));
  });

  it("whole seconds of this century are kept anywhere", async () => {
    await unpackParts(old, entry({ name: "f" }), pax([["mtime", "1234567891"]]), entry({ name: "g" }));
  });

  it("an owner that stands for no change at all is refused", async () => {
    await expect(unpackParts(disk, pax([["uid", "4294967295"]]), entry({ name: "f" }))).rejects.toMatchObject(
      {
        code: expect.stringMatching(/ATTRIBUTE_UNSUPPORTED|BAD_ARCHIVE/),
      },
    );
  });

  it("owners that the host's user namespace does not have are refused, not taken for a damaged archive", async () => {
    const source = join(await scratch.fresh(), "layer.tar");
    const layer = join(await scratch.fresh(), "layer");
    mkdirSync(layer);
    await execa("tee", [source], {
      input: archive(pax([["uid", "7"]]), entry({ name: "f" })),
      stdout: "ignore",
    });
    const script = fileURLToPath(new URL("../support/processes/unpack-alone.ts", import.meta.url));
    const args = ["--user", "--map-root-user", process.execPath, "--import", "tsx", script, source, layer];
    const { stdout } = await execa("unshare", args);
    expect(stdout).toMatch(/^ATTRIBUTE_UNSUPPORTED: "f" cannot be kept with the owner 7/);
  });

  it("an archive that tar refuses for another reason is damaged all the same", async () => {
    const long = "n".repeat(300);
    await expect(unpackParts(disk, pax([["path", long]]), entry({ name: "n" }))).rejects.toMatchObject({
      code: "BAD_ARCHIVE",
    });
  });
});

test("without root, owners and capabilities are given up as asked; user.* is not", async () => {
  const parts = [
    pax([
      ["SCHILY.xattr.security.capability", "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0"],
      ["uid", "5"],
    ]),
    entry({ name: "f" }),
    pax([["SCHILY.xattr.user.a", "1"]]),
    entry({ name: "closed", mode: 0o200 }),
  ];
  for (const directory of [scratch.path, join(disk, "..")]) await chmod(directory, 0o755);
  await chmod(join(memory, ".."), 0o755);
  const squashed = async (fileSystem: string) => {
    const layer = below(fileSystem);
    await chown(layer, nobody, nobody);
    const source = Readable.from([archive(...parts)], { objectMode: false });
    return asNobody(() => unpack(source, layer, { limits, allowSquash: true }));
  };
  expect(await squashed(disk)).toMatchObject({ ownership: "squashed" });
  parts.push(pax([["SCHILY.xattr.user.a", "1"]]), entry({ name: "open" }));
  expect(await squashed(disk)).toMatchObject({ ownership: "squashed" });
  await expect(squashed(memory)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/"open".*user\.a/),
  });
});

describe("layers that are written out", () => {
  it.each<[string, string, string, RegExp]>([
    [
      "capabilities",
      "setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 f",
      "ramfs",
      /"d\/f".*security\.capability/,
    ],
    ["attributes of a directory", "setfattr -n user.a -v 1 .", "ramfs", /"d".*user\.a/],
    ["fractions of seconds", "touch -d '2001-01-01 00:00:00.5' f", "old", /"d\/f".*the time .*\.5/],
  ])("with %s that the target cannot keep are refused", async (_, script, fileSystem, message) => {
    const layer = below(disk);
    mkdirSync(join(layer, "d"));
    await execa("touch", ["-d", "2001-01-01", "d/f", "d", "."], { cwd: layer });
    await execa("bash", ["-euc", script], { cwd: join(layer, "d") });
    await execa("touch", ["-d", "2001-01-01", "d", "."], { cwd: layer });
    const target = below(fileSystem === "old" ? old : memory);
    await expect(flattenLayers([layer], target)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    await flattenLayers([layer], below(disk));
    expect(readFileSync(join(layer, "d/f"), "utf8")).toBe("");
  });
});
