import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { canonicalTar } from "../../src/layer/canonical-tar.js";
import { checksumLayer } from "../../src/layer/checksum.js";
import {
  createManifestReader,
  type ManifestEntry,
  manifestEntries,
  pathOrder,
} from "../../src/layer/manifest.js";
import { openManifest, openManifestWriter } from "../../src/layer/manifest-file.js";
import { chooseXzEngine } from "../../src/layer/xz/engine.js";
import { byEngine } from "../support/by-engine.js";
import { collect } from "../support/collect.js";
import { childProcesses } from "../support/processes/child-processes.js";
import { sha256Of, shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { makeRichTree } from "../support/trees/rich-tree.js";

const scratch = useScratchDirectory();
let layer: string;
let archive: Buffer;
let entries: ManifestEntry[];

beforeAll(async () => {
  layer = await scratch.fresh();
  await makeRichTree(layer);
  archive = Buffer.concat(await collect(canonicalTar(layer)));
  entries = await collect(manifestEntries(inOnePiece(archive)));
});

async function* inOnePiece(bytes: Buffer) {
  yield bytes;
}

/** What find(1) prints of each entry but the root, split at NULs. */
async function found(format: string, ...tests: string[]): Promise<Map<string, string[]>> {
  const fields = format.split("|").join("\\0");
  const line = `find . ${tests.join(" ")} -printf '%P\\0${fields}\\0'`;
  const words = (await shell(line, { cwd: layer })).toString("latin1").split("\0");
  const width = format.split("|").length + 1;
  const records = new Map<string, string[]>();
  for (let at = 0; at + width <= words.length; at += width) {
    records.set(`/${words[at]}`, words.slice(at + 1, at + width));
  }
  return records;
}

const types: Record<string, string> = {
  f: "file",
  l: "symlink",
  d: "directory",
  p: "fifo",
  c: "character",
  b: "block",
};

describe("the manifest of a layer", () => {
  it("has what find says of every entry, whatever the bytes of its name", async () => {
    const expected = await found("%y|%m|%U|%G|%T@|%s|%l");
    expect(entries.map(({ path }) => path).sort()).toEqual([...expected.keys()].sort());
    for (const entry of entries) {
      const [type = "", mode = "", uid, gid, time = "", size, target] = expected.get(entry.path) ?? [];
      const isFirst = entry.type !== "hardlink";
      if (isFirst) expect(entry.type, entry.path).toBe(types[type]);
      expect(entry.mode, entry.path).toBe(mode.padStart(4, "0"));
      expect([entry.uid, entry.gid], entry.path).toEqual([Number(uid), Number(gid)]);
      // find writes a tenth digit, and before 1970 the fraction is still what comes on top.
      const [, seconds = "", fraction = ""] = /^(-?\d+)\.(\d{9})/.exec(time) ?? [];
      const nanoseconds = BigInt(seconds) * 1_000_000_000n + BigInt(fraction);
      expect(entry.mtime, entry.path).toBe(String(nanoseconds));
      expect(entry.size, entry.path).toBe(type === "f" && isFirst ? Number(size) : 0);
      if (entry.type === "symlink") expect(entry.target, entry.path).toBe(target);
    }
  });

  it("has the sha256 that sha256sum prints of every file", async () => {
    const line = "find . -type f -print0 | xargs -0 sha256sum -z";
    const sums = new Map(
      (await shell(line, { cwd: layer }))
        .toString("latin1")
        .split("\0")
        .map((sum) => [sum.slice(67), sum.slice(0, 64)] as const),
    );
    const files = entries.filter(({ type }) => type === "file");
    expect(files.length).toBeGreaterThan(20);
    for (const { path, sha256 } of files) expect(sha256, path).toBe(sums.get(path));
    for (const { type, sha256 } of entries) expect(sha256 === undefined).toBe(type !== "file");
  });

  it("names devices, the first name of hard links, and those that have attributes", () => {
    const at = (path: string) => entries.find((entry) => entry.path === path);
    expect(at("/dev/null")).toMatchObject({ type: "character", device: "1:3" });
    expect(at("/dev/disk")).toMatchObject({ type: "block", device: "259:70000" });
    expect(at("/usr/lib/a")).toMatchObject({ type: "hardlink", target: "/etc/c" });
    const withXattrs = entries.filter(({ xattrs }) => xattrs !== undefined).map(({ path }) => path);
    expect(withXattrs).toEqual(["/empty", "/etc/passwd", "/usr/bin/ping", "/usr/lib/nothing"]);
  });

  it("is the same wherever the archive is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 40 }), (sizes) => {
        const cut: ManifestEntry[] = [];
        const reader = createManifestReader((entry) => cut.push(entry));
        let at = 0;
        for (const size of [...sizes, archive.length]) {
          reader.accept(archive.subarray(at, at + size));
          at += size;
        }
        reader.finish();
        expect(cut).toEqual(entries);
      }),
      { numRuns: 50 },
    );
  });

  it("is refused of an archive that is cut short", () => {
    const end = archive.indexOf("root:x:0:0");
    for (const length of [100, 512 + 100, end + 4, end + 20]) {
      const reader = createManifestReader(() => undefined);
      reader.accept(archive.subarray(0, length));
      expect(() => reader.finish(), String(length)).toThrow(expect.objectContaining({ code: "BAD_ARCHIVE" }));
    }
  });
});

describe("the order of a manifest", () => {
  it("is that of GNU tar", () => {
    expect([...entries].sort((one, other) => pathOrder(one.path, other.path))).toEqual(entries);
  });

  it("is that of the names, one after the other", () => {
    const name = fc.stringMatching(/^[!-.0a~\xff]{1,3}$/);
    const aPath = fc.array(name, { maxLength: 4 }).map((names) => `/${names.join("/")}`);
    fc.assert(
      fc.property(aPath, aPath, (one, other) => {
        const [a, b] = [one, other].map((path) => path.split("/").filter((part) => part !== ""));
        let expected = 0;
        for (let at = 0; expected === 0 && at < Math.max(a?.length ?? 0, b?.length ?? 0); at++) {
          expected = Buffer.compare(
            Buffer.from(a?.[at] ?? "", "latin1"),
            Buffer.from(b?.[at] ?? "", "latin1"),
          );
        }
        expect(Math.sign(pathOrder(one, other))).toBe(expected);
      }),
    );
  });
});

describe("a manifest's file", () => {
  const digest = `sha256:${"0".repeat(64)}` as const;

  async function readAll(path: string, tarDigest: string) {
    const opened = await openManifest(path, tarDigest);
    return opened === undefined ? undefined : collect(opened);
  }

  async function written(tar: Buffer) {
    const path = join(await scratch.fresh(), "manifest.gz");
    await using writer = await openManifestWriter(path);
    await writer.accept(tar);
    await writer.finish(digest);
    return path;
  }

  it("is what zcat shows: a line that names the tar digest, then one per entry with its name's own bytes", async () => {
    const path = await written(archive);
    const [first, ...lines] = (await shell(`zcat '${path}'`)).toString("latin1").trimEnd().split("\n");
    expect(JSON.parse(first ?? "")).toEqual({ format: 1, tarDigest: digest });
    expect(lines.map((line) => JSON.parse(line))).toEqual(entries);
    expect((await shell(`zcat '${path}' | grep -a -c 'naïve-Æther-日本'`)).toString()).toBe("1\n");
    expect(await readAll(path, digest)).toEqual(entries);
  });

  it("comes from the same pass as a checksum, which stays the same", async () => {
    const path = join(await scratch.fresh(), "manifest.gz");
    const request = {
      ...{ recordBytes: Buffer.from("{}"), layerDirectory: layer },
      ...{ recipe: "xz-1" as const, openCompressor: byEngine(await chooseXzEngine()) },
    };
    const plain = await checksumLayer(request);
    expect(await checksumLayer({ ...request, manifestPath: path })).toEqual(plain);
    expect(await readAll(path, plain.tarDigest)).toEqual(entries);
    expect(plain.tarDigest).toBe(sha256Of(await shell("sha256sum", { input: archive })));
  });

  it("is none until it is finished, for another digest, of another format, or of no gzip", async () => {
    const path = join(await scratch.fresh(), "manifest.gz");
    expect(await openManifest(path, digest)).toBeUndefined();
    await using writer = await openManifestWriter(path);
    for (let at = 0; at < archive.length; at += 65_536)
      await writer.accept(archive.subarray(at, at + 65_536));
    expect(await openManifest(path, digest)).toBeUndefined();
    await writer.finish(digest);
    expect(await openManifest(path, `sha256:${"1".repeat(64)}`)).toBeUndefined();
    for (const content of ["", "gzip", `{"format":2,"tarDigest":"${digest}"}\n`, "7\n"]) {
      await shell(`${content === "gzip" ? "cat" : "gzip"} > '${path}'`, { input: Buffer.from(content) });
      expect(await openManifest(path, digest), content).toBeUndefined();
    }
  });

  it("is never written over another file", async () => {
    const path = await written(archive);
    const before = await readFile(path);
    await expect(openManifestWriter(path)).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await readFile(path)).toEqual(before);
  });

  it("that does not fit on the disk fails the checksum with NO_SPACE, and leaves no process", async () => {
    const [many, full] = [await scratch.fresh(), await scratch.fresh()];
    await shell("for i in $(seq 3000); do echo $i > $RANDOM-$i; done", { cwd: many });
    await shell(`mount -t tmpfs -o size=16k tmpfs '${full}'`);
    try {
      const checksum = checksumLayer({
        ...{ recordBytes: Buffer.from("{}"), layerDirectory: many, recipe: "xz-1" },
        ...{ openCompressor: byEngine(await chooseXzEngine()), manifestPath: join(full, "manifest.gz") },
      });
      await expect(checksum).rejects.toMatchObject({ code: "NO_SPACE" });
      expect(await childProcesses()).toEqual([]);
    } finally {
      await shell(`umount '${full}'`);
    }
  });
});
