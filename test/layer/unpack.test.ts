import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chown, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type UnpackOptions, unpack } from "../../src/layer/unpack.js";
import { asNobody, nobody } from "../support/processes/unprivileged.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { archive, entry, pax } from "../support/trees/crafted-tar.js";
import { makeRichTree } from "../support/trees/rich-tree.js";
import { listTree } from "../support/trees/tree-listing.js";

const scratch = useScratchDirectory();
const limits = { maxBytes: 1e9, maxEntries: 100_000 };
const options: UnpackOptions = { limits };
const environment = { env: { LC_ALL: "C" } };

/** The options a user would give GNU tar by hand for the same result. */
const asTar = [
  ...["--numeric-owner", "--same-owner", "--same-permissions", "--delay-directory-restore"],
  ...["--xattrs", "--xattrs-include=security.capability", "--xattrs-include=user.*"],
];

let tree: string;
beforeAll(async () => {
  tree = await scratch.fresh();
  await makeRichTree(tree);
});

/** Packs the rich tree by a tool of the host. */
async function pack(how: "posix" | "gnu" | "sparse" | "gnu-sparse" | "bsdtar"): Promise<string> {
  const file = join(await scratch.fresh(), "layer.tar");
  const xattrs = ["--xattrs", "--xattrs-include=*"];
  const tar = (...args: string[]) =>
    execa("tar", [...args, ...xattrs, "-C", tree, "-cf", file, "."], environment);
  if (how === "posix") await tar("--format=posix");
  if (how === "sparse") await tar("--format=posix", "--sparse");
  if (how === "gnu") await tar("--format=gnu");
  if (how === "gnu-sparse") await tar("--format=gnu", "--sparse");
  if (how === "bsdtar") await execa("bsdtar", ["--format=pax", "-C", tree, "-cf", file, "."], environment);
  return file;
}

function unpackFile(file: string, destination: string, signal?: AbortSignal) {
  return unpack(createReadStream(file, { highWaterMark: 1024 * 1024 }), destination, options, signal);
}

function unpackBytes(bytes: Buffer, destination: string, more: Partial<UnpackOptions> = {}) {
  return unpack(Readable.from([bytes], { objectMode: false }), destination, { ...options, ...more });
}

describe("what is on disk is what GNU tar alone would write", () => {
  test.each(["posix", "gnu", "sparse", "gnu-sparse", "bsdtar"] as const)(
    "from an archive made as %s",
    async (how) => {
      const file = await pack(how);
      const [ours, theirs] = [await scratch.fresh(), await scratch.fresh()];
      const unpacked = await unpackFile(file, ours);
      await execa("tar", ["-xf", file, "-C", theirs, ...asTar], environment);

      const listing = await listTree(ours);
      expect(listing).toEqual(await listTree(theirs));
      expect(listing.length).toBeGreaterThan(40);
      const names = await execa("tar", ["-tf", file, "--quoting-style=escape"], environment);
      expect(unpacked.archiveEntries).toBe(names.stdout.split("\n").length);
    },
  );

  test("from the layers that Docker 0.3 wrote", async () => {
    const file = fileURLToPath(new URL("../fixtures/docker-0.3-graph.tar", import.meta.url));
    const [ours, theirs] = [await scratch.fresh(), await scratch.fresh()];
    await unpackFile(file, ours);
    await execa("tar", ["-xf", file, "-C", theirs, ...asTar], environment);
    // What the archive does not name has the clock's time in theirs.
    const named = (lines: string[]) => lines.filter((line) => !line.startsWith('"." '));
    expect(named(await listTree(ours))).toEqual(named(await listTree(theirs)));
  });

  test("and, from an archive with all attributes, what was in the tree itself", async () => {
    const ours = await scratch.fresh();
    await unpackFile(await pack("posix"), ours);
    expect(await listTree(ours)).toEqual(await listTree(tree));
  });
});

describe("the result", () => {
  test.each([
    ["none", "cat"],
    ["gzip", "gzip"],
    ["bzip2", "bzip2"],
    ["xz", "xz"],
    ["zstd", "zstd"],
  ] as const)(
    "of an archive of compression %s tells it and the digest of the decompressed bytes",
    async (name, tool) => {
      const file = await pack("posix");
      const { stdout } = await execa("sh", ["-c", `${tool} < ${file} > ${file}.packed; sha256sum < ${file}`]);
      const progress: number[] = [];
      const unpacked = await unpack(createReadStream(`${file}.packed`), await scratch.fresh(), {
        limits,
        onProgress: (bytes) => progress.push(bytes),
      });
      expect(unpacked).toMatchObject({
        diffId: `sha256:${stdout.slice(0, 64)}`,
        compression: name,
        archiveBytes: (await stat(file)).size,
        ownership: "kept",
      });
      expect(progress).toEqual([...progress].sort((a, b) => a - b));
      expect(progress.at(-1)).toBe((await stat(`${file}.packed`)).size);
    },
  );

  test("of an archive without entries is an empty layer", async () => {
    const ours = await scratch.fresh();
    const { stdout } = await execa("tar", ["-c", "-T", "/dev/null"], { encoding: "buffer" });
    expect(await unpackBytes(Buffer.from(stdout), ours)).toMatchObject({
      archiveEntries: 0,
      archiveBytes: 10_240,
    });
    expect(await listTree(ours)).toEqual(['"." directory 755 0:0 0']);
  });

  test("counts what stands behind the end of the archive into the digest, and writes none of it", async () => {
    const bytes = Buffer.concat([archive(entry({ name: "a" })), entry({ name: "b" }), Buffer.from("junk")]);
    const ours = await scratch.fresh();
    const digest = createHash("sha256").update(bytes).digest("hex");
    expect(await unpackBytes(bytes, ours)).toMatchObject({ diffId: `sha256:${digest}`, archiveEntries: 1 });
    expect((await listTree(ours)).map((line) => line.split(" ")[0])).toEqual(['"."', '"a"']);
  });
});

describe("directories that no entry names", () => {
  const canonical = async (directory: string) => {
    const { stdout } = await execa(
      "sh",
      [
        "-c",
        "tar --sort=name --format=posix --numeric-owner --pax-option=delete=atime,delete=ctime -C . -cf - . | sha256sum",
      ],
      { cwd: directory },
    );
    return stdout;
  };

  test("get mode 0755, owner 0:0 and the time 0, the root included, whatever the umask", async () => {
    const ours = await scratch.fresh();
    const before = process.umask(0o077);
    try {
      await unpackBytes(archive(entry({ name: "etc/deep/er/passwd", mode: 0o666 }, "x")), ours);
    } finally {
      process.umask(before);
    }
    expect((await stat(join(ours, "etc/deep"))).atimeMs).toBe(0);
    const listing = await listTree(ours);
    expect(listing.slice(0, 4)).toEqual(
      [".", "etc", "etc/deep", "etc/deep/er"].map((path) => `"${path}" directory 755 0:0 0`),
    );
    expect(listing[4]).toContain('"etc/deep/er/passwd" file 666 0:0');
  });

  test("do not bring the clock into the digest of two extractions", async () => {
    const file = join(await scratch.fresh(), "nameless.tar");
    await execa("tar", [
      "-C",
      tree,
      "-cf",
      file,
      "--format=posix",
      "--no-recursion",
      "etc/passwd",
      "usr/lib/large",
    ]);
    const digests = new Set<string>();
    for (const base of [tmpdir(), "/dev/shm"]) {
      const ours = await mkdtemp(join(base, "stevedore-test-"));
      try {
        await unpackFile(file, ours);
        digests.add(await canonical(ours));
      } finally {
        await rm(ours, { recursive: true });
      }
    }
    expect(digests.size).toBe(1);
  });

  test("keep what an entry says that comes after what lies in them", async () => {
    const ours = await scratch.fresh();
    await unpackBytes(
      archive(
        entry({ name: "a/b/c" }),
        entry({ name: "a/", type: "5", mode: 0o700 }),
        entry({ name: "./", type: "5" }),
      ),
      ours,
    );
    const listing = await listTree(ours);
    expect(listing[0]).toBe('"." directory 644 0:0 1400000000000000000');
    expect(listing[1]).toBe('"a" directory 700 0:0 1400000000000000000');
    expect(listing[2]).toBe('"a/b" directory 755 0:0 0');
  });

  test("are not those whose entry's name ends in a dot", async () => {
    const ours = await scratch.fresh();
    await unpackBytes(
      archive(
        entry({ name: "a/./", type: "5", mode: 0o711 }),
        entry({ name: "s", type: "2", linkName: "a" }),
        entry({ name: "s/k/f" }),
        entry({ name: "new/.", type: "5", mode: 0o722 }),
      ),
      ours,
    );
    expect((await listTree(ours)).filter((line) => line.includes(" directory "))).toEqual([
      '"." directory 755 0:0 0',
      '"a" directory 711 0:0 1400000000000000000',
      '"a/k" directory 755 0:0 0',
      '"new" directory 722 0:0 1400000000000000000',
    ]);
  });

  test("are found where a symlink of the layer leads to them, under names of any bytes", async () => {
    const ours = await scratch.fresh();
    await unpackBytes(
      archive(
        entry({ name: "usr/", type: "5", mode: 0o711 }),
        entry({ name: "lib", type: "2", linkName: "usr" }),
        pax([["path", "lib/\xff\n\xe9/x"]]),
        entry({ name: "short" }),
      ),
      ours,
    );
    expect((await listTree(ours)).filter((line) => line.includes(" directory "))).toEqual([
      '"." directory 755 0:0 0',
      '"usr" directory 711 0:0 1400000000000000000',
      String.raw`"usr/\xff\n\xe9" directory 755 0:0 0`,
    ]);
  });
});

describe("without root", () => {
  /** A directory that nobody may write to, and reach. */
  async function open(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), "stevedore-test-"));
    await chown(directory, nobody, nobody);
    opened.push(directory);
    return directory;
  }

  const opened: string[] = [];
  afterEach(async () => {
    for (const directory of opened.splice(0)) await rm(directory, { recursive: true });
  });

  test("a layer is refused, for its owners would be lost", async () => {
    const ours = await open();
    const refused = asNobody(() => unpackBytes(archive(entry({ name: "a" })), ours));
    await expect(refused).rejects.toMatchObject({ code: "NEEDS_ROOT" });
  });

  test("it is unpacked for this user if that is allowed, and the result says so", async () => {
    const ours = await open();
    const bytes = archive(
      entry({ name: "d/f", mode: 0o640 }, "content"),
      entry({ name: "closed/", type: "5", mode: 0o555 }),
      entry({ name: "d/link", type: "1", linkName: "d/f" }),
    );
    const unpacked = await asNobody(() => unpackBytes(bytes, ours, { allowSquash: true }));
    expect(unpacked.ownership).toBe("squashed");
    const lines = await listTree(ours);
    expect(lines[0]).toBe(`"." directory 755 ${nobody}:${nobody} 0`);
    expect(lines[1]).toMatch(`"closed" directory 555 ${nobody}:${nobody}`);
    expect(lines[3]).toMatch(`"d/f" file 640 ${nobody}:${nobody} 1400000000000000000 links=2`);
  });

  test("a device is refused by name even then", async () => {
    const ours = await open();
    const bytes = archive(entry({ name: "dev/null", type: "3" }));
    const refused = asNobody(() => unpackBytes(bytes, ours, { allowSquash: true }));
    await expect(refused).rejects.toMatchObject({
      code: "NEEDS_ROOT",
      message: expect.stringContaining('"dev/null"'),
    });
  });
});

test("options of tar in the environment change nothing", async () => {
  const ours = await scratch.fresh();
  process.env.TAR_OPTIONS = "--strip-components=1";
  try {
    await unpackBytes(archive(entry({ name: "a/b" }, "x")), ours);
  } finally {
    delete process.env.TAR_OPTIONS;
  }
  expect(await readFile(join(ours, "a/b"), "latin1")).toBe("x");
});

test("a destination whose name begins with a dash is a directory like any other", async () => {
  const directory = await scratch.fresh();
  const ours = join(directory, "-x");
  await execa("mkdir", ["--", "-x"], { cwd: directory });
  await writeFile(join(directory, "other"), "");
  await unpackBytes(archive(entry({ name: "a" }, "x")), ours);
  expect(await readFile(join(ours, "a"), "latin1")).toBe("x");
});
