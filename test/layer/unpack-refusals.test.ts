// Archives that are damaged or too large, and work that is broken off: each ends with its code, nothing of the refused
// entry on the disk, and no program left running. Hostile archives, by their classes: test/corpus.
import { randomBytes } from "node:crypto";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { execa } from "execa";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type UnpackOptions, unpack } from "../../src/layer/unpack.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { archive, endOfArchive, entry } from "../support/trees/crafted-tar.js";

const scratch = useScratchDirectory();
const options: UnpackOptions = { limits: { maxBytes: 1e9, maxEntries: 10_000 } };

function stream(bytes: Buffer, chunk = 64 * 1024): Readable {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(bytes.subarray(at, at + chunk));
  return Readable.from(chunks, { objectMode: false });
}

async function unpackBytes(bytes: Buffer, more: Partial<UnpackOptions> = {}, chunk?: number) {
  return unpack(stream(bytes, chunk), await scratch.fresh(), { ...options, ...more });
}

/** The children this process has, by the kernel's account. */
async function children(): Promise<string> {
  const threads = await readdir("/proc/self/task");
  const lists = threads.map((thread) =>
    readFile(`/proc/self/task/${thread}/children`, "utf8").catch(() => ""),
  );
  return (await Promise.all(lists)).join("");
}

/** What was there before a test is none of its business: the test runner may have a child of its own. */
let before = "";
beforeAll(async () => {
  before = await children();
});
afterEach(async () => {
  expect(await children()).toBe(before);
});

/** A plain archive of a few files, made by GNU tar, and the same compressed by the tools of the host. */
let plain: Buffer;
const compressed = new Map<string, Buffer>();
beforeAll(async () => {
  const directory = await scratch.fresh();
  const { stdout: numbers } = await execa("seq", ["1", "60000"]);
  await writeFile(join(directory, "a"), "a");
  await writeFile(join(directory, "numbers"), numbers);
  const bytes = { encoding: "buffer" as const, maxBuffer: 1e8 };
  plain = Buffer.from((await execa("tar", ["-C", directory, "-c", "a", "numbers"], bytes)).stdout);
  for (const tool of ["gzip", "bzip2", "xz", "zstd"]) {
    compressed.set(tool, Buffer.from((await execa(tool, ["-c"], { ...bytes, input: plain })).stdout));
  }
});

describe("a file that is no whole archive", () => {
  test.each<[string, () => Buffer]>([
    ["a text", () => Buffer.from("#!/bin/sh\necho not an archive\n".repeat(100))],
    ["random bytes", () => Buffer.from("42".repeat(5000), "hex")],
    ["one block of zeros short of an end", () => Buffer.alloc(511)],
  ])("is BAD_ARCHIVE: %s", async (_, make) => {
    await expect(unpackBytes(make())).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
  });

  test("is BAD_ARCHIVE where one bit of a header is not what it was, wherever the stream is cut", async () => {
    const damaged = Buffer.from(plain);
    damaged.writeUInt8(damaged.readUInt8(1024 + 10) ^ 1, 1024 + 10);
    for (const chunk of [1, 511, 512, 1100, 65_536]) {
      const refused = unpackBytes(damaged.subarray(0, 4096), {}, chunk);
      await expect(refused).rejects.toMatchObject({
        code: "BAD_ARCHIVE",
        message: expect.stringContaining("checksum"),
      });
    }
  });

  test.each(["gzip", "bzip2", "xz", "zstd"])(
    "is BAD_ARCHIVE if its %s stream is cut or a bit of it flipped",
    async (tool) => {
      const whole = compressed.get(tool) ?? Buffer.alloc(0);
      await expect(unpackBytes(whole)).resolves.toMatchObject({ compression: tool });
      for (const length of [12, whole.length >> 1]) {
        await expect(unpackBytes(whole.subarray(0, length))).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
      }
      await expect(unpackBytes(whole.subarray(0, -1))).rejects.toMatchObject({
        code: "BAD_ARCHIVE",
        message: expect.stringContaining(tool),
      });
      for (const at of [whole.length >> 2, whole.length >> 1, whole.length - 4]) {
        const damaged = Buffer.from(whole);
        damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at);
        await expect(unpackBytes(damaged)).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
      }
    },
  );

  test("is BAD_ARCHIVE with tar's own words where only tar can tell", async () => {
    const bytes = archive(entry({ name: "file" }), entry({ name: "file/below" }));
    await expect(unpackBytes(bytes)).rejects.toMatchObject({
      code: "BAD_ARCHIVE",
      message: expect.stringMatching(/tar: .*file\/below: Cannot open: Not a directory/s),
    });
  });
});

describe("an entry that reaches out of the layer", () => {
  test("is stopped before a byte of it is written, even where all comes in one chunk", async () => {
    const layer = await scratch.fresh();
    const bytes = archive(entry({ name: "before" }, "x"), entry({ name: "../out" }, "x"));
    await expect(unpack(stream(bytes), layer, options)).rejects.toMatchObject({
      code: "UNSAFE_ENTRY",
      message: expect.stringContaining('"../out"'),
    });
    expect(await readdir(layer)).toEqual([]);
  });
});

describe("an archive that is too large", () => {
  const mebibyte = 1024 * 1024;

  async function compress(tool: string, input: Buffer): Promise<Buffer> {
    return Buffer.from((await execa(tool, ["-c"], { input, encoding: "buffer" })).stdout);
  }

  const streams = new Map<string, Promise<Buffer>>();
  /** 10 GiB of zeros in a hundred and sixty streams, one after the other. */
  async function tenGibibytes(tool: string): Promise<Buffer> {
    const one = streams.get(tool) ?? compress(tool, Buffer.alloc(64 * mebibyte));
    streams.set(tool, one);
    return Buffer.concat(Array<Buffer>(160).fill(await one));
  }

  test.each(["gzip", "bzip2", "xz", "zstd"])(
    "is LIMIT_EXCEEDED at once if its %s header says so",
    async (tool) => {
      const base256 = Buffer.alloc(12);
      base256[0] = 0x80;
      base256.writeUIntBE(10 * 1024 * mebibyte, 6, 6);
      const header = entry({ name: "zeros", patches: { 124: base256.toString("latin1") } });
      const bytes = Buffer.concat([await compress(tool, header), await tenGibibytes(tool)]);
      await expect(unpackBytes(bytes)).rejects.toMatchObject({
        code: "LIMIT_EXCEEDED",
        message: expect.stringContaining('"zeros"'),
      });
    },
  );

  test.each(["gzip", "bzip2", "xz", "zstd"])(
    "stops at the limit with flat memory if its %s bytes do not",
    async (tool) => {
      // The archive ends first: what follows is read for the digest alone, but it is read.
      const bytes = Buffer.concat([await compress(tool, endOfArchive), await tenGibibytes(tool)]);
      const memory = process.resourceUsage().maxRSS;
      const limits = { maxBytes: 256 * mebibyte, maxEntries: 10 };
      await expect(unpackBytes(bytes, { limits })).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
      expect((process.resourceUsage().maxRSS - memory) / 1024).toBeLessThan(100);
    },
  );

  test("is LIMIT_EXCEEDED for more entries than allowed, directories that are only implied counted", async () => {
    const files = [..."abcdef"].map((name) => entry({ name }));
    const limits = { maxBytes: 1e6, maxEntries: 5 };
    await expect(unpackBytes(archive(...files.slice(0, 5)), { limits })).resolves.toMatchObject({
      archiveEntries: 5,
    });
    for (const bytes of [archive(...files), archive(entry({ name: "1/2/3/4/5/6" }))]) {
      await expect(unpackBytes(bytes, { limits })).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    }
  });

  test("is LIMIT_EXCEEDED if a sparse file of it would be", async () => {
    const directory = await scratch.fresh();
    await execa("truncate", ["-s", "1T", join(directory, "hole")]);
    for (const format of ["posix", "gnu"]) {
      const args = ["-C", directory, "--sparse", `--format=${format}`, "-c", "hole"];
      const { stdout } = await execa("tar", args, { encoding: "buffer" });
      await expect(unpackBytes(Buffer.from(stdout))).rejects.toMatchObject({
        code: "LIMIT_EXCEEDED",
        message: expect.stringContaining('"hole"'),
      });
    }
  });

  test("is NO_SPACE if the disk is full", async ({ skip }) => {
    const mount = await scratch.fresh();
    const mounted = await execa("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], { reject: false });
    if (mounted.exitCode !== 0) skip("this host lets nobody mount");
    try {
      const bytes = archive(entry({ name: "large" }, Buffer.alloc(4 * mebibyte, 1)));
      await expect(unpack(stream(bytes), mount, options)).rejects.toMatchObject({ code: "NO_SPACE" });
    } finally {
      await execa("umount", [mount]);
    }
  });
});

describe("work that is broken off", () => {
  test.each(["none", "gzip", "bzip2", "xz", "zstd"])(
    "by its signal is CANCELLED while %s waits for its source",
    async (tool) => {
      const bytes = compressed.get(tool) ?? plain;
      const source = new PassThrough();
      source.write(bytes.subarray(0, bytes.length >> 1));
      const cancel = new AbortController();
      const running = unpack(
        source,
        await scratch.fresh(),
        { ...options, onProgress: () => setImmediate(() => cancel.abort()) },
        cancel.signal,
      );
      await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
      expect(source.destroyed).toBe(true);
    },
  );

  test("before it began is CANCELLED", async () => {
    const running = unpack(stream(plain), await scratch.fresh(), options, AbortSignal.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test.each(["none", "gzip", "bzip2", "xz", "zstd"])(
    "by a source that fails says so, and not that %s is bad",
    async (tool) => {
      const bytes = compressed.get(tool) ?? plain;
      async function* failing() {
        yield bytes.subarray(0, bytes.length >> 1);
        throw new Error("EIO: the cable was pulled");
      }
      const running = unpack(Readable.from(failing(), { objectMode: false }), await scratch.fresh(), options);
      await expect(running).rejects.toMatchObject({
        code: "INTERNAL",
        message: expect.stringContaining("cable"),
      });
    },
  );

  test("by a refused entry does not wait for a source that has stopped", async () => {
    const source = new PassThrough();
    source.write(
      gzipSync(archive(entry({ name: "../out" }), entry({ name: "noise" }, randomBytes(100_000)))),
    );
    await expect(unpack(source, await scratch.fresh(), options)).rejects.toMatchObject({
      code: "UNSAFE_ENTRY",
    });
    expect(source.destroyed).toBe(true);
  });
});

describe("a program that is not installed", () => {
  /** Runs with a PATH that holds nothing but GNU tar. */
  async function withTarOnly<Result>(work: () => Promise<Result>): Promise<Result> {
    const bin = await scratch.fresh();
    await symlink("/usr/bin/tar", join(bin, "tar"));
    const path = process.env.PATH;
    process.env.PATH = bin;
    try {
      return await work();
    } finally {
      process.env.PATH = path;
    }
  }

  test.each([
    ["bzip2", "bzip2"],
    ["zstd", "zstd"],
  ])("is TOOL_MISSING with the package to install: %s", async (tool, name) => {
    const refused = withTarOnly(() => unpackBytes(compressed.get(tool) ?? plain));
    await expect(refused).rejects.toMatchObject({
      code: "TOOL_MISSING",
      message: expect.stringContaining(`apt-get install ${name}`),
    });
  });

  test("is no loss if it is xz: the bytes, and the errors, are the same", async () => {
    const whole = compressed.get("xz") ?? plain;
    const expected = await unpackBytes(whole);
    const twice = Buffer.concat([whole, Buffer.alloc(8), whole]);
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(whole.length >> 1) ^ 1, whole.length >> 1);
    await withTarOnly(async () => {
      expect(await unpackBytes(whole)).toEqual(expected);
      expect(await unpackBytes(twice)).toMatchObject({ archiveBytes: 2 * plain.length });
      for (const bad of [
        damaged,
        whole.subarray(0, -1),
        whole.subarray(0, 1000),
        Buffer.concat([whole, plain]),
      ]) {
        await expect(unpackBytes(bad)).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
      }
    });
  });
});
