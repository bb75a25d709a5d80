import { linkSync, utimesSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type ChecksumRequest, checksumLayer, digestLayer } from "../../src/layer/checksum.js";
import { shellLine } from "../../src/layer/shell-line.js";
import { chooseXzEngine, type XzEngine } from "../../src/layer/xz/engine.js";
import { loadNativeXz } from "../../src/layer/xz/native.js";
import { type RecipeName, recipeNames } from "../../src/terms/index.js";
import { byEngine } from "../support/by-engine.js";
import { dockerImages, unpackDockerGraph } from "../support/images/docker-graph.js";
import { childProcesses } from "../support/processes/child-processes.js";
import { withEnvironment } from "../support/processes/environment.js";
import { sha256Of, shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { thenFill } from "../support/trees/documented-tar.js";
import { makeRichTree } from "../support/trees/rich-tree.js";

const tarLine = `tar --sort=name --format=posix --numeric-owner \
  --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
  --xattrs --xattrs-include='security.capability' --xattrs-include='user.*' -C layer -cf - .${thenFill}`;

const scratch = useScratchDirectory();
let engine: XzEngine;
let richImage: string;

beforeAll(async () => {
  engine = await chooseXzEngine();
  richImage = await makeImage();
});

async function makeImage(): Promise<string> {
  const image = await scratch.fresh();
  await shell(`mkdir layer; printf '{"id":"rich","comment":"no newline at the end"}' > json`, { cwd: image });
  await makeRichTree(join(image, "layer"));
  return image;
}

async function request(image: string, recipe: RecipeName): Promise<ChecksumRequest> {
  const recordBytes = await readFile(join(image, "json"));
  return { recordBytes, layerDirectory: join(image, "layer"), recipe, openCompressor: byEngine(engine) };
}

async function checksumOf(image: string, recipe: RecipeName): Promise<string> {
  return (await checksumLayer(await request(image, recipe))).checksum;
}

async function tarDigestOf(image: string): Promise<string> {
  return (await digestLayer(join(image, "layer"))).tarDigest;
}

describe.each(recipeNames)("a checksum by %s", (recipe) => {
  test("is what anybody computes by the recipe's line of shell", async () => {
    const found = await checksumLayer(await request(richImage, recipe));
    expect(found.checksum).toBe(sha256Of(await shell(shellLine(recipe), { cwd: richImage })));
    expect(found.tarDigest).toBe(sha256Of(await shell(`${tarLine} | sha256sum`, { cwd: richImage })));
    expect(found.tarBytes).toBe(Number(await shell(`${tarLine} | wc -c`, { cwd: richImage })));
    const archive = shellLine(recipe).replace("cat json; echo; ", "").replace("sha256sum", "wc -c");
    expect(found.archiveBytes).toBe(Number(await shell(archive, { cwd: richImage })));
  });

  test("is that of the shell for every image that Docker 0.3 wrote", async () => {
    const root = await scratch.fresh();
    await unpackDockerGraph(root);
    for (const id of Object.values(dockerImages)) {
      const image = join(root, "graph", id);
      const expected = sha256Of(await shell(shellLine(recipe), { cwd: image }));
      expect(await checksumOf(image, recipe), id).toBe(expected);
    }
  });

  test("does not depend on this process's environment", async () => {
    const hostile = {
      TAR_OPTIONS: "--exclude=etc --mtime=@0",
      TAR_WRITER_OPTIONS: "compression-level=0",
      XZ_OPT: "-9",
      XZ_DEFAULTS: "--check=sha256 -T1",
      TZ: "Pacific/Chatham",
      LC_ALL: "C.UTF-8",
    };
    const locale = "C.UTF-8";
    const expected = sha256Of(await shell(shellLine(recipe), { cwd: richImage, locale }));
    expect(await withEnvironment(hostile, () => checksumOf(richImage, recipe))).toBe(expected);
  });

  test("reports its progress up to the size of the tar", async () => {
    const seen: number[] = [];
    const { tarBytes } = await checksumLayer({
      ...(await request(richImage, recipe)),
      onProgress: (bytes) => seen.push(bytes),
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(tarBytes);
  });

  test("fails with tar's words where the layer cannot be read", async () => {
    const broken = { ...(await request(richImage, recipe)), layerDirectory: "/no/such/layer" };
    await expect(checksumLayer(broken)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("/no/such/layer"),
    });
    expect(await childProcesses()).toEqual([]);
  });
});

describe("a checksum by xz-6", () => {
  test("is the same by either engine, with any number of threads", async () => {
    const expected = await checksumOf(richImage, "xz-6");
    for (const [other, threads] of [
      [engine, 1],
      [engine, 3],
      [await loadNativeXz(), 2],
    ] as const) {
      const openCompressor = byEngine(other, threads);
      const found = await checksumLayer({ ...(await request(richImage, "xz-6")), openCompressor });
      expect(found.checksum, `${other.name}, ${threads} threads`).toBe(expected);
    }
  });

  test("is the same for a copy of the tree elsewhere", async () => {
    const copy = await scratch.fresh();
    await shell(`cp -a -- '${richImage}/json' '${richImage}/layer' .`, { cwd: copy });
    expect(await checksumOf(copy, "xz-6")).toBe(await checksumOf(richImage, "xz-6"));
  });

  test("changes with the record, byte for byte, while the tar digest stays", async () => {
    const before = await checksumLayer(await request(richImage, "xz-6"));
    const recordBytes = Buffer.from('{"id":"rich","comment":"no newline at the end"}\n');
    const after = await checksumLayer({ ...(await request(richImage, "xz-6")), recordBytes });
    expect(after.checksum).not.toBe(before.checksum);
    expect(after.tarDigest).toBe(before.tarDigest);
  });

  test("is CHECKSUM_MISMATCH where a file changes each time it is read, and leaves no process", async () => {
    const changing = {
      ...(await request(richImage, "xz-6")),
      layerDirectory: "/sys/class/net/lo/statistics",
    };
    await expect(checksumLayer(changing)).rejects.toMatchObject({
      code: "CHECKSUM_MISMATCH",
      message: expect.stringMatching(/changes while it is read: tar: exit code 1: .*shrank/s),
    });
    expect(await childProcesses()).toEqual([]);
  });

  test("is that of the layer as it is at the end, if it changes behind tar's back", async () => {
    const image = await scratch.fresh();
    await shell(
      "mkdir layer; echo before > layer/first; head -c 3000000 /dev/urandom > layer/second; echo {} > json",
      {
        cwd: image,
      },
    );
    const [first, manifestPath] = [join(image, "layer/first"), join(image, "manifest.gz")];
    let changes = 0;
    const found = await checksumLayer({
      ...(await request(image, "xz-6")),
      manifestPath,
      onProgress: (done) => {
        // Tar is past the first file by then, and the file keeps its time.
        if (changes > 0 || done < 100_000) return;
        changes += 1;
        writeFileSync(first, "after!\n");
        utimesSync(first, 1, 1);
      },
    });
    expect(found.checksum).toBe(sha256Of(await shell(shellLine("xz-6"), { cwd: image })));
    expect(String(await shell(`zcat '${manifestPath}'`))).toContain(found.tarDigest);
  });

  test("is not computed anew for a link that is made meanwhile, which is no change of the layer", async () => {
    const image = await scratch.fresh();
    await shell(
      "mkdir layer; echo one > layer/first; head -c 3000000 /dev/urandom > layer/second; echo {} > json",
      {
        cwd: image,
      },
    );
    let [reads, last, linked] = [0, Number.POSITIVE_INFINITY, false];
    await checksumLayer({
      ...(await request(image, "xz-6")),
      onProgress: (done) => {
        if (done < last) reads += 1;
        last = done;
        if (!linked && done > 100_000) linkSync(join(image, "layer/first"), join(image, "link"));
        linked ||= done > 100_000;
      },
    });
    expect(reads).toBe(1);
  });

  test("can be cancelled, and leaves no process", async () => {
    const controller = new AbortController();
    const large = {
      ...(await request(richImage, "xz-6")),
      layerDirectory: "/usr/bin",
      onProgress: () => controller.abort(),
    };
    await expect(checksumLayer(large, controller.signal)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await childProcesses()).toEqual([]);
  });

  test.each(["tar", "xz"])("fails if %s is killed, and leaves no process", async (victim) => {
    let killed: Promise<void> | undefined;
    // The first block is compressed once it has been read.
    const kill = () =>
      vi.waitFor(async () => {
        const child = (await childProcesses()).find(({ command }) => command === victim);
        if (child === undefined) throw new Error(`no ${victim} runs`);
        process.kill(child.pid, "SIGKILL");
      });
    const large = {
      ...(await request(richImage, "xz-6")),
      layerDirectory: "/usr/bin",
      onProgress: () => {
        killed ??= kill();
      },
    };
    await expect(checksumLayer(large)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining(`${victim}: killed by SIGKILL`),
    });
    await killed;
    expect(await childProcesses()).toEqual([]);
  });
});

describe("a host without", () => {
  test("tar is told which package brings it", async () => {
    const nothing = await scratch.fresh();
    const asked = withEnvironment({ PATH: nothing }, () => checksumOf(richImage, "xz-6"));
    await expect(asked).rejects.toMatchObject({
      code: "TOOL_MISSING",
      message: expect.stringMatching(/package (tar|xz-utils)/),
    });
  });

  test("bsdtar is told, for the recipe docker, which package brings it", async () => {
    const nothing = await scratch.fresh();
    const asked = withEnvironment({ PATH: nothing }, () => checksumOf(richImage, "docker"));
    await expect(asked).rejects.toMatchObject({
      code: "TOOL_MISSING",
      message: expect.stringContaining("package libarchive-tools"),
    });
  });
});

describe("a tar digest", () => {
  test("is that of the shell", async () => {
    const found = await digestLayer(join(richImage, "layer"));
    expect(found.tarDigest).toBe(sha256Of(await shell(`${tarLine} | sha256sum`, { cwd: richImage })));
    expect(found.tarBytes).toBe(Number(await shell(`${tarLine} | wc -c`, { cwd: richImage })));
  });

  test.each([
    [
      "a byte",
      "cp -p etc/passwd ../old; printf X | dd of=etc/passwd conv=notrunc; touch -r ../old etc/passwd",
    ],
    ["a mode", "chmod 0604 etc/passwd"],
    ["an owner", "chown 1001 etc/passwd"],
    ["a group", "chgrp 2001 etc/passwd"],
    ["a nanosecond of a file's time", "touch -d '2013-06-01 12:00:00.123456788' etc/passwd"],
    ["a nanosecond of a directory's time", "touch -d '2012-12-12 12:12:12.000000013' etc"],
    ["an extended attribute", "setfattr -n user.comment -v 'another note' etc/passwd"],
    ["a capability", "setcap cap_net_raw,cap_net_admin+ep usr/bin/ping; touch -d @0 usr/bin/ping"],
    ["the target of a symlink", "ln -sfn elsewhere etc/dangling"],
    ["the number of a device", "rm dev/null; mknod dev/null c 1 5; touch -d '2012-12-12' dev/null dev"],
    ["a hard link that becomes a copy", "cp -p usr/lib/b usr/lib/new; mv usr/lib/new usr/lib/b"],
  ])("changes with %s", async (_, change) => {
    const image = await makeImage();
    const before = await tarDigestOf(image);
    await shell(change, { cwd: join(image, "layer") });
    const after = await tarDigestOf(image);
    expect(after).not.toBe(before);
    expect(after).toBe(sha256Of(await shell(`${tarLine} | sha256sum`, { cwd: image })));
  });

  test("stays when a file is read, or changed and changed back", async () => {
    const image = await makeImage();
    const before = await tarDigestOf(image);
    const cwd = join(image, "layer");
    await shell("cat etc/passwd; chmod 0600 etc/passwd; chmod 0644 etc/passwd; touch -a etc/passwd", { cwd });
    expect(await tarDigestOf(image)).toBe(before);
  });

  test("can be cancelled", async () => {
    await expect(digestLayer("/usr/bin", AbortSignal.abort())).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await childProcesses()).toEqual([]);
  });
});

test.each(["C", "C.UTF-8"])(
  "a checksum by docker is made in the locale of this process, here %s",
  async (locale) => {
    const expected = sha256Of(await shell(shellLine("docker"), { cwd: richImage, locale }));
    expect(await withEnvironment({ LC_ALL: locale }, () => checksumOf(richImage, "docker"))).toBe(expected);
  },
);
