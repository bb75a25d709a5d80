// Tar-splits of the tool that set the format, and of podman's storage, are read here, and ours there.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { assembleArchive } from "../../../src/layer/index.js";
import { collect } from "../../support/collect.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { archive, entry, pax } from "../../support/trees/crafted-tar.js";
import { makeRichTree } from "../../support/trees/rich-tree.js";
import { throughSplit } from "../../support/trees/through-split.js";

const scratch = useScratchDirectory();

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** What Go's reader of tar takes, too. */
async function richArchive(): Promise<Buffer> {
  const tree = await scratch.fresh();
  await makeRichTree(tree);
  const args = ["--format=posix", "--xattrs", "-C", tree, "-cf", "-", "."];
  return Buffer.from((await execa("tar", args, { encoding: "buffer", env: { LC_ALL: "C" } })).stdout);
}

async function tarSplit(...args: string[]): Promise<Buffer> {
  return Buffer.from((await execa("tar-split", args, { encoding: "buffer" })).stdout);
}

it("the tool's are read here, and ours by the tool", async () => {
  const bytes = await richArchive();
  const directory = await scratch.fresh();
  const { layerDirectory, splitPath } = await throughSplit(bytes, directory);
  const [file, theirs] = [join(directory, "a.tar"), join(directory, "theirs.json.gz")];
  writeFileSync(file, bytes);
  await tarSplit("disasm", "--output", theirs, "--no-stdout", file);
  const again = await collect(assembleArchive({ layerDirectory, splitPath: theirs }));
  expect(Buffer.concat(again).equals(bytes)).toBe(true);
  const byTool = await tarSplit("asm", "--input", splitPath, "--output", "-", "--path", layerDirectory);
  expect(byTool.equals(bytes)).toBe(true);
});

it("ours of an archive that the tool itself does not take, for a file comes twice", async () => {
  const bytes = archive(
    entry({ name: "/d/f" }, "one"),
    entry({ name: "d/<\xff>" }, "two"),
    entry({ name: "./d/f" }, "three"),
    pax([["path", "d/é"]]),
    entry({ name: "x" }, "four"),
  );
  const { layerDirectory, splitPath } = await throughSplit(bytes, await scratch.fresh());
  const byTool = await tarSplit("asm", "--input", splitPath, "--output", "-", "--path", layerDirectory);
  expect(byTool).toEqual(bytes);
});

it("those of podman's storage are read here, and ours by podman", async () => {
  const bytes = archive(
    entry({ name: "usr/", type: "5", mode: 0o755 }),
    entry({ name: "usr/bin/", type: "5", mode: 0o755 }),
    entry({ name: "usr/bin/large" }, "content ".repeat(20_000)),
    entry({ name: "bin", type: "2", linkName: "usr/bin" }),
    entry({ name: "bin/below" }, "a symlink"),
    entry({ name: "./usr/<dotted>" }, "x"),
    entry({ name: "usr/hard", type: "1", linkName: "usr/bin/large" }),
    entry({ name: "usr/empty" }),
  );
  const diffId = sha256(bytes);
  const directory = await scratch.fresh();
  const image = join(directory, "image.tar");
  writeFileSync(image, dockerArchive(bytes, diffId));
  // podman takes no path of more than 50 characters here.
  const run = mkdtempSync("/run/stevedore-");
  const roots = ["--root", join(directory, "root"), "--runroot", run];
  const podman = (...args: string[]) => execa("podman", [...roots, "--storage-driver", "overlay", ...args]);
  try {
    await podman("load", "-i", image);
    const theirs = {
      layerDirectory: join(directory, "root/overlay", diffId, "diff"),
      splitPath: join(directory, "root/overlay-layers", `${diffId}.tar-split.gz`),
    };
    expect(Buffer.concat(await collect(assembleArchive(theirs)))).toEqual(bytes);

    const ours = await throughSplit(bytes, await scratch.fresh());
    copyFileSync(ours.splitPath, theirs.splitPath);
    const saved = join(directory, "saved.tar");
    await podman("save", "-o", saved, "t:1");
    const { stdout } = await execa("tar", ["-xOf", saved, `${diffId}.tar`], { encoding: "buffer" });
    expect(Buffer.from(stdout)).toEqual(bytes);
  } finally {
    // The root of podman's own overlay is a mount.
    const mount = join(directory, "root/overlay");
    if (existsSync(mount)) await execa("umount", [mount], { reject: false });
    rmSync(run, { recursive: true });
  }
});

/** An image of one layer, as `docker save` writes it. */
function dockerArchive(layer: Buffer, diffId: string): Buffer {
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [`sha256:${diffId}`] },
  });
  const configName = `${sha256(Buffer.from(config))}.json`;
  const manifest = [{ Config: configName, RepoTags: ["t:1"], Layers: ["layer.tar"] }];
  return archive(
    entry({ name: "layer.tar" }, layer),
    entry({ name: configName }, config),
    entry({ name: "manifest.json" }, JSON.stringify(manifest)),
  );
}
