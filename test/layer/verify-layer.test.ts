import { utimesSync, writeFileSync } from "node:fs";
import { appendFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { checksumLayer } from "../../src/layer/checksum.js";
import { verifyLayer } from "../../src/layer/verify-layer.js";
import { chooseXzEngine } from "../../src/layer/xz/engine.js";
import { byEngine } from "../support/by-engine.js";
import { childProcesses } from "../support/processes/child-processes.js";
import { sha256Of, shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { makeRichTree } from "../support/trees/rich-tree.js";

const scratch = useScratchDirectory();

/** A layer, its tar digest and its manifest, as they are before it is changed. */
interface Sealed {
  readonly layerDirectory: string;
  readonly manifestPath: string;
  readonly expected: readonly string[];
}

async function sealed(fill: (layer: string) => Promise<unknown>): Promise<Sealed> {
  const [layerDirectory, beside] = [await scratch.fresh(), await scratch.fresh()];
  await fill(layerDirectory);
  const manifestPath = join(beside, "manifest.gz");
  const { tarDigest } = await checksumLayer({
    ...{ recordBytes: Buffer.from("{}"), layerDirectory, recipe: "xz-1" },
    ...{ openCompressor: byEngine(await chooseXzEngine()), manifestPath },
  });
  return { layerDirectory, manifestPath, expected: [tarDigest] };
}

/** The same in which `change`, a line of bash, was run. */
async function changed(fill: (layer: string) => Promise<unknown>, change: string): Promise<Sealed> {
  const layer = await sealed(fill);
  await shell(change, { cwd: layer.layerDirectory });
  return layer;
}

let rich: Sealed;
beforeAll(async () => {
  rich = await sealed(makeRichTree);
});

/** A copy of a rich tree in which `change` was run; its digest and manifest are those of the tree. */
async function changedRichTree(change: string): Promise<Sealed> {
  const layerDirectory = join(await scratch.fresh(), "layer");
  await shell(`cp -a '${rich.layerDirectory}' '${layerDirectory}'`);
  await shell(change, { cwd: layerDirectory });
  return { ...rich, layerDirectory };
}

const twoLines = "etc/new\nline";

describe("a mismatch is explained", () => {
  it.each<[what: string, change: string, expected: string[]]>([
    [
      "a byte of a file that keeps its time",
      "cp -p usr/lib/large ../old; printf X | dd of=usr/lib/large bs=1 seek=70000 conv=notrunc; touch -r ../old usr/lib/large",
      ["content /usr/lib/large"],
    ],
    ["a mode", "chmod 0755 usr/bin/su", ["mode /usr/bin/su"]],
    ["an owner", 'chown 7:8 etc/quote\\"', ['owner /etc/quote"']],
    ["a group of a directory", "chgrp 9 empty", ["owner /empty"]],
    ["a nanosecond", "touch -d '2013-06-01 12:00:00.123456788' etc/passwd", ["mtime /etc/passwd"]],
    ["an attribute", "setfattr -n user.comment -v other etc/passwd", ["xattr /etc/passwd"]],
    ["an attribute that is gone", "setfattr -x user.on-directory empty", ["xattr /empty"]],
    ["a file that is gone", "rm etc/-rf; touch -d '2012-12-12 12:12:12.000000012' etc", ["missing /etc/-rf"]],
    [
      "a directory that is new",
      "mkdir -p etc-new/a; touch -d '2012-12-12 12:12:12.000000012' .",
      ["extra /etc-new", "extra /etc-new/a"],
    ],
    [
      "a symlink in place of a file",
      "ln -sf elsewhere usr/bin/su; touch -d '2012-12-12 12:12:12.000000012' usr/bin",
      ["mtime /usr/bin/su", "type /usr/bin/su"],
    ],
    [
      "a symlink elsewhere",
      "ln -sfn elsewhere etc/long-target; touch -h -d @1 etc/long-target; touch -d '2012-12-12 12:12:12.000000012' etc",
      ["mtime /etc/long-target", "target /etc/long-target"],
    ],
    [
      "another device",
      "touch -r dev/null ../time; rm dev/null; mknod dev/null c 1 5; touch -r ../time dev/null; touch -d '2012-12-12 12:12:12.000000012' dev",
      ["target /dev/null"],
    ],
    [
      "a hard link that became a copy",
      "cp -p usr/lib/b usr/lib/new; mv usr/lib/new usr/lib/b; touch -d '2012-12-12 12:12:12.000000012' usr/lib",
      ["target /usr/lib/b"],
    ],
    [
      "the first name of a hard link that is gone",
      "rm etc/c; touch -d '2012-12-12 12:12:12.000000012' etc",
      ["missing /etc/c", "target /usr/lib/a", "target /usr/lib/b"],
    ],
    [
      "names with any bytes",
      `chmod 0600 etc/new$'\\n'line etc/naïve-Æther-日本; touch -d @5 '${"n".repeat(180)}'`,
      ["mode /etc/naïve-Æther-日本", `mode /${twoLines}`, `mtime /${"n".repeat(180)}`],
    ],
    [
      "several at once",
      "echo more >> etc/passwd; chmod 0600 etc/passwd; chown 5 etc/passwd; setfattr -n user.b -v c etc/passwd",
      [..."content mode owner mtime xattr".split(" ").map((kind) => `${kind} /etc/passwd`)],
    ],
  ])("by %s", async (_, change, expected) => {
    const request = await changedRichTree(change);
    const verdict = await verifyLayer(request);
    expect(verdict.ok).toBe(false);
    expect(verdict.expected).toBe(request.expected[0]);
    const { differences = [], more } = verdict.comparison ?? {};
    expect(differences.map(({ kind, path }) => `${kind} ${path}`)).toEqual(expected);
    expect(more).toBe(0);
  });

  it("by the first thousand differences, and a count of the others", async () => {
    const fill = (cwd: string) => shell("seq -f 'f%04.0f' 1500 | xargs touch -d @1; touch -d @1 .", { cwd });
    const request = await changed(fill, "chmod 0600 f*; chown 1 f*; touch -d @1 .");
    const { differences = [], more } = (await verifyLayer(request)).comparison ?? {};
    expect([differences.length, more]).toEqual([1_000, 2_000]);
    expect(differences.slice(-2)).toEqual([
      { path: "/f0500", kind: "mode" },
      { path: "/f0500", kind: "owner" },
    ]);
  });

  it("by nothing where the manifest is damaged, of another digest or gone, and is a mismatch all the same", async () => {
    const fill = (cwd: string) => shell("seq -f 'f%04.0f' 1500 | xargs touch -d @1; touch -d @1 .", { cwd });
    const request = await changed(fill, "chmod 0600 f0001");
    expect((await verifyLayer(request)).comparison?.differences).toHaveLength(1);
    const { comparison, ...other } = await verifyLayer({
      ...request,
      expected: [`sha256:${"0".repeat(64)}`],
    });
    expect({ ok: other.ok, comparison }).toEqual({ ok: false, comparison: undefined });
    await truncate(request.manifestPath, 1_000);
    expect(await verifyLayer(request)).toMatchObject({ ok: false, comparison: undefined });
    await rm(request.manifestPath);
    expect(await verifyLayer(request)).toMatchObject({ ok: false, comparison: undefined });
    expect(await childProcesses()).toEqual([]);
  });
});

describe("a layer", () => {
  it("is verified if it has every digest that is stored", async () => {
    const { layerDirectory, expected } = await changedRichTree(":");
    const [digest = ""] = expected;
    expect(await verifyLayer({ layerDirectory, expected: [digest, digest] })).toEqual({
      ok: true,
      expected: digest,
      actual: digest,
    });
    const other = `sha256:${"1".repeat(64)}`;
    expect(await verifyLayer({ layerDirectory, expected: [digest, other] })).toEqual({
      ok: false,
      expected: other,
      actual: digest,
    });
  });

  it("that changes while it is read, without tar's notice, is read again", async () => {
    const fill = async (layer: string) => {
      await writeFile(join(layer, "first"), "as it was");
      utimesSync(join(layer, "first"), 1, 1);
      await shell("head -c 4000000 /dev/urandom > second", { cwd: layer });
    };
    const request = await changed(fill, "printf 'as it is ' > first; touch -d @1 first");
    let reads = 0;
    let last = Number.POSITIVE_INFINITY;
    const onProgress = (done: number) => {
      if (done < last) reads += 1;
      // Tar is past the first file by then.
      if (reads === 1 && last === Number.POSITIVE_INFINITY) {
        writeFileSync(join(request.layerDirectory, "first"), "as it was");
        utimesSync(join(request.layerDirectory, "first"), 1, 1);
      }
      last = done;
    };
    expect(await verifyLayer({ ...request, onProgress })).toMatchObject({ ok: true });
    expect(reads).toBe(2);
  });

  it("that always changes is read three times and is then CHECKSUM_MISMATCH", async () => {
    const fill = (cwd: string) => shell("head -c 4000000 /dev/urandom > second; echo > first", { cwd });
    const { layerDirectory, expected } = await changed(fill, "echo more > first");
    let reads = 0;
    let last = Number.POSITIVE_INFINITY;
    const onProgress = (done: number) => {
      if (done < last) {
        reads += 1;
        writeFileSync(join(layerDirectory, "first"), `${reads}`);
      }
      last = done;
    };
    await expect(verifyLayer({ layerDirectory, expected, onProgress })).rejects.toMatchObject({
      code: "CHECKSUM_MISMATCH",
      message: `the layer ${layerDirectory} changes while it is read`,
    });
    expect(reads).toBe(3);
  });

  it("of which tar says each time that it changed is CHECKSUM_MISMATCH, with tar's words", async () => {
    // Files whose size is never what can be read of them.
    const layerDirectory = "/sys/class/net/lo/statistics";
    const verdict = verifyLayer({ layerDirectory, expected: [`sha256:${"0".repeat(64)}`] });
    await expect(verdict).rejects.toMatchObject({
      code: "CHECKSUM_MISMATCH",
      message: expect.stringMatching(/changes while it is read: .*shrank/s),
    });
    expect(await childProcesses()).toEqual([]);
  });

  it("that cannot be read fails as it is, and one that is cancelled leaves no process", async () => {
    const expected = [`sha256:${"0".repeat(64)}`];
    const gone = verifyLayer({ layerDirectory: join(scratch.path, "gone"), expected });
    await expect(gone).rejects.toMatchObject({ code: "INTERNAL" });
    const controller = new AbortController();
    const large = { layerDirectory: "/usr/bin", expected, onProgress: () => controller.abort() };
    await expect(verifyLayer(large, controller.signal)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await childProcesses()).toEqual([]);
  });

  it("has the digest that a shell computes of it, when it is another one", async () => {
    const fill = (cwd: string) => shell("echo one > file", { cwd });
    const request = await sealed(fill);
    await appendFile(join(request.layerDirectory, "file"), "two\n");
    const { actual } = await verifyLayer(request);
    const { shellLine } = await import("../../src/layer/shell-line.js");
    const { thenFill } = await import("../support/trees/documented-tar.js");
    const [, tar = ""] = /echo; (tar .*? \.) \|/.exec(shellLine("xz-6")) ?? [];
    const line = `${tar.replace("-C layer", `-C '${request.layerDirectory}'`)}${thenFill} | sha256sum`;
    expect(actual).toBe(sha256Of(await shell(line)));
  });
});

it("a layer whose files have times that are yet to come, for the clock was set back, is not one that changes", async () => {
  const { layerDirectory, manifestPath, expected } = await changed(async (layer) => {
    await writeFile(join(layer, "file"), "a\n");
  }, "echo b > file");
  const real = Date.now;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => real() - 3_600_000);
  try {
    const verdict = await verifyLayer({ layerDirectory, manifestPath, expected });
    expect(verdict).toMatchObject({ ok: false });
  } finally {
    clock.mockRestore();
  }
});
