import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { packUpper } from "../../../src/layer/stack/pack-upper.js";
import type { DeletionForm } from "../../../src/layer/stack/upper.js";
import { unpack } from "../../../src/layer/unpack.js";
import { collect } from "../../support/collect.js";
import { onOverlay, upperAfter } from "../../support/mounts/overlay-mount.js";
import { childProcesses } from "../../support/processes/child-processes.js";
import { withEnvironment } from "../../support/processes/environment.js";
import { runs } from "../../support/processes/runs.js";
import { shell } from "../../support/processes/shell.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { pathOf } from "../../support/trees/listed-lines.js";
import { mergeStack, randomStacks, writeStack } from "../../support/trees/random-layer-stacks.js";
import { linesOf, randomWork, workedLayers } from "../../support/trees/random-work.js";
import { makeRichTree } from "../../support/trees/rich-tree.js";
import { listTree } from "../../support/trees/tree-listing.js";

const scratch = useScratchDirectory();

async function treeOf(lines: string): Promise<string> {
  const tree = await scratch.fresh();
  await shell(`set -eu\n${lines}`, { cwd: tree, locale: "C" });
  return tree;
}

async function packed(directory: string, form: DeletionForm = "devices"): Promise<Buffer> {
  return Buffer.concat(await collect(packUpper({ directory, form })));
}

/** Extracts an archive by GNU tar with all attributes that it has. */
async function extracted(input: Buffer): Promise<string> {
  const directory = await scratch.fresh();
  await shell("tar --numeric-owner -xpf - --xattrs --xattrs-include='*'", {
    cwd: directory,
    input,
    locale: "C",
  });
  return directory;
}

const listed = async (input: Buffer) =>
  (await shell("tar -t --quoting-style=literal", { cwd: "/", input }))
    .toString("latin1")
    .split("\n")
    .slice(0, -1);

describe("the archive of an upper, unpacked over the layers", () => {
  test("is the tree of the mount, after random work in it", async () => {
    const layers = [await treeOf(workedLayers[0]), await treeOf(workedLayers[1])];
    await fc.assert(
      fc.asyncProperty(randomWork, async (work) => {
        const directory = await scratch.fresh();
        const seen = await onOverlay(directory, layers, async ({ merged }) => {
          await shell(linesOf(work), { cwd: merged, locale: "C" });
          return listTree(merged);
        });
        const layer = await extracted(await packed(join(directory, "upper")));
        const tree = await scratch.fresh();
        await mergeStack([layer, ...layers], tree);
        expect(await listTree(tree)).toEqual(seen);
      }),
      { numRuns: runs(6) },
    );
  });

  test("is the same tree as from a random upper in the form of AUFS", async () => {
    await fc.assert(
      fc.asyncProperty(randomStacks, async (items) => {
        const [upper = "", ...layers] = await writeStack(await scratch.fresh(), items);
        const layer = await extracted(await packed(upper, "files"));
        const [ours, theirs] = [await scratch.fresh(), await scratch.fresh()];
        await mergeStack([layer, ...layers], ours);
        await mergeStack([upper, ...layers], theirs);
        expect(await listTree(ours)).toEqual(await listTree(theirs));
      }),
      { numRuns: runs(5) },
    );
  });
});

describe("the archive of an upper", () => {
  let lower: string;
  beforeAll(async () => {
    lower = await treeOf("mkdir -p a/b/c .h; touch a/x a/b/y a/b/c/z f g -- -f .h/x");
  });

  test("holds the whiteout files of what was deleted, and opaque markers, then what was written", async () => {
    const lines =
      "rm f ./-f a/x; rm -r a/b .h; mkdir -p a/b .h; touch a/b/new; echo x > g; chmod 600 a/b/new";
    const upper = await upperAfter(
      await scratch.fresh(),
      [lower],
      `${lines}; touch -d @1 . a a/b a/b/new .h g`,
    );
    const archive = await packed(upper);
    expect(await listed(archive)).toEqual([
      ".wh.-f",
      ".wh.f",
      ".h/.wh..wh..opq",
      "a/.wh.x",
      "a/b/.wh..wh..opq",
      "./",
      ".h/",
      "a/",
      "a/b/",
      "a/b/new",
      "g",
    ]);
    const lines600 = (await listTree(await extracted(archive))).map((line) =>
      line.replace(/ [0-9a-f]{64}$/, ""),
    );
    const marker = (path: string) => `"${path}" file 600 0:0 0 links=1 same="${path}" size=0`;
    expect(lines600).toEqual([
      '"." directory 755 0:0 1000000000',
      '".h" directory 755 0:0 1000000000',
      marker(".h/.wh..wh..opq"),
      marker(".wh.-f"),
      marker(".wh.f"),
      '"a" directory 755 0:0 1000000000',
      marker("a/.wh.x"),
      '"a/b" directory 755 0:0 1000000000',
      marker("a/b/.wh..wh..opq"),
      '"a/b/new" file 600 0:0 1000000000 links=1 same="a/b/new" size=0',
      '"g" file 644 0:0 1000000000 links=1 same="g" size=2',
    ]);
  });

  test("keeps one of everything that a layer can hold", async () => {
    const directory = await scratch.fresh();
    const seen = await onOverlay(directory, [await scratch.fresh()], async ({ merged }) => {
      await makeRichTree(merged);
      await shell("rm etc/.wh.*", { cwd: merged });
      return listTree(merged);
    });
    expect(seen.length).toBeGreaterThan(40);
    const archive = await packed(join(directory, "upper"));
    expect(await listTree(await extracted(archive))).toEqual(seen);
    const layer = await scratch.fresh();
    await unpack(Readable.from([archive], { objectMode: false }), layer, {
      limits: { maxBytes: 1e9, maxEntries: 1_000 },
    });
    expect(await listTree(layer)).toEqual(seen);
  });

  test("leaves out what a driver keeps for itself, and nothing else that is the user's", async () => {
    const upper = await treeOf(`
      mkdir d; touch d/f; mknod gone c 0 0
      for n in trusted.overlay.opaque trusted.overlay.origin user.fuseoverlayfs.opaque user.overlay.impure \
        user.fuseoverlayfs.override_stat user.mine user.overlaid; do setfattr -n $n -v y d; done
      setfattr -n user.fuseoverlayfs.origin -v y d/f; setfattr -n user.mine -v y d/f; setfattr -n trusted.x -v y d/f`);
    for (const form of ["devices", "files"] as const) {
      const archive = await packed(upper, form);
      // To the kernel, user.* is the user's.
      const own = form === "devices" ? /trusted/ : /trusted|fuseoverlayfs|user\.overlay\./;
      expect(archive.toString("latin1")).not.toMatch(own);
      const [, gone, , marker, file, ...none] = await listTree(await extracted(archive));
      expect([gone, marker].map((line) => pathOf(line ?? ""))).toEqual([".wh.gone", "d/.wh..wh..opq"]);
      expect(file).toMatch(
        form === "devices" ? / user\.fuseoverlayfs\.origin=0x79 user\.mine=0x79$/ : / user\.mine=0x79$/,
      );
      expect(none).toEqual([]);
    }
  });

  test("leaves sockets out without complaint", async () => {
    const upper = await treeOf("touch a");
    const server = createServer().listen(join(upper, "socket"));
    await once(server, "listening");
    try {
      expect(await listed(await packed(upper))).toEqual(["./", "a"]);
    } finally {
      server.close();
      await once(server, "close");
    }
  });

  test("has the same bytes each time, and from a copy whose directories are in another order", async () => {
    const names = "{a,b,c,d}{1..9}";
    const upper = await upperAfter(
      await scratch.fresh(),
      [await treeOf(`mkdir d; touch d/${names}`)],
      `rm d/a*; mkdir e; touch e/${names}; ln e/a1 e/z; ln e/a1 d/z; rm -r d/{b,c}*`,
    );
    const archive = await packed(upper);
    expect((await packed(upper)).equals(archive)).toBe(true);
    const copy = await scratch.fresh();
    const copying = `find '${upper}' -mindepth 1 -printf '%P\\0' | sort -rz |
      tar -C '${upper}' --null --no-recursion -T - --xattrs --xattrs-include='*' -cf - . |
      tar -xpf - --xattrs --xattrs-include='*' --delay-directory-restore`;
    await shell(copying, { cwd: copy });
    expect((await packed(copy)).equals(archive)).toBe(true);
  });

  test("of an upper in which nothing was done is its root alone", async () => {
    const upper = await upperAfter(await scratch.fresh(), [lower], "true");
    expect(await listed(await packed(upper))).toEqual(["./"]);
  });

  test("does not hide what a directory was by the marker of one that only changed", async () => {
    const upper = await upperAfter(await scratch.fresh(), [lower], "chmod 700 a; touch a/b/new");
    expect(await listed(await packed(upper))).toEqual(["./", "a/", "a/b/", "a/b/new"]);
  });

  test("has names of any bytes", async () => {
    const odd = String.raw`"$(printf 'new\nline')" ' blank ' ./-rf 'back\012' "$(printf '\xff')" '*' ./--help`;
    const layer = await treeOf(`touch ${odd}; mkdir d`);
    const upper = await upperAfter(await scratch.fresh(), [layer], `rm ${odd}; cd d; touch ${odd}`);
    const names = ["new\nline", " blank ", "-rf", "back\\012", "\xff", "*", "--help"];
    const expected = [".", "d", ...names.flatMap((name) => [`.wh.${name}`, `d/${name}`])];
    expect((await listTree(await extracted(await packed(upper)))).map(pathOf)).toEqual(expected.sort());
  });
});

describe("a name that in a layer would be a whiteout", () => {
  test.each([
    "touch .wh.etc",
    "mkdir -p a/.wh.d/e",
    "touch a/.wh..wh..opq",
    "ln -s x a/.wh.",
    "mkfifo a/.wh..wh.plnk",
  ])("is UNSAFE_ENTRY, with its path, where a user made it in an overlay mount: %s", async (line) => {
    const upper = await upperAfter(await scratch.fresh(), [await treeOf("mkdir a")], line);
    const path = /[^ ]*\.wh\.[^/]*/.exec(line)?.[0];
    await expect(packed(upper)).rejects.toMatchObject({
      code: "UNSAFE_ENTRY",
      message: expect.stringContaining(`"/${path}"`),
    });
  });

  test("is one in the form of files", async () => {
    const upper = await treeOf(
      "mkdir a b; touch .wh.c a/.wh..wh..opq .wh.b .wh..wh.aufs; mkdir .wh..wh.plnk",
    );
    expect(await listed(await packed(upper, "files"))).toEqual([
      ".wh.c",
      "a/.wh..wh..opq",
      "b/.wh..wh..opq",
      "./",
      "a/",
      "b/",
    ]);
  });
});

describe("an error", () => {
  test("is INTERNAL where the upper is not there, or something in it is not what it was said to be", async () => {
    const missing = join(scratch.path, "not-there");
    await expect(packed(missing)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining(missing),
    });
    // A directory of the kernel whose files say they are longer than they are.
    await expect(packed("/sys/class/net/lo/statistics")).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("File shrank"),
    });
  });

  test("is INTERNAL where a file goes away while the archive is read", async () => {
    const upper = await treeOf("touch a .wh.gone-{1..300}");
    const reading = packUpper({ directory: upper, form: "files" });
    // The whiteouts are more than the stream holds, so that tar has not begun.
    await once(reading, "readable");
    await rm(join(upper, "a"));
    await expect(collect(reading)).rejects.toMatchObject({ code: "INTERNAL" });
  });

  test("is CANCELLED where the signal aborts, before and in the middle, with no tar left", async () => {
    const before = packUpper({ directory: "/usr/bin", form: "devices" }, AbortSignal.abort());
    await expect(collect(before)).rejects.toMatchObject({ code: "CANCELLED" });
    const controller = new AbortController();
    const reading = packUpper({ directory: "/usr/bin", form: "devices" }, controller.signal);
    await once(reading, "readable");
    controller.abort();
    await expect(collect(reading)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await childProcesses()).toEqual([]);
  });

  test("is TOOL_MISSING where tar or find is not installed", async () => {
    const nothing = await scratch.fresh();
    const packing = withEnvironment({ PATH: nothing }, () => packed(nothing));
    await expect(packing).rejects.toMatchObject({ code: "TOOL_MISSING" });
  });
});

test("a reader that goes away leaves no tar behind", async () => {
  const reading = packUpper({ directory: "/usr/bin", form: "devices" });
  await once(reading, "readable");
  reading.destroy();
  await once(reading, "close");
  expect(await childProcesses()).toEqual([]);
});
