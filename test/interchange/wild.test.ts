// Images as the tools of the world save them. The files are described in test/fixtures/wild/README.md.
import { copyFileSync, lstatSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { availableDrivers } from "../../src/mount/index.js";
import { runJob, type ServedGraph, shell, useDock } from "../support/dock.js";
import { skopeoCopy, umociUnpack } from "../support/images/peers.js";
import { unmountBelow } from "../support/mounts/mounted.js";
import { archive, entry } from "../support/trees/crafted-tar.js";

const dock = useDock();
afterAll(() => unmountBelow(dock.scratch));

function wild(name: string): string {
  const path = join(dock.scratch, `${name}.tar`);
  copyFileSync(fileURLToPath(new URL(`../fixtures/wild/${name}.tar`, import.meta.url)), path);
  return path;
}

/** Mounts an image and lists it: kind, mode and path, the target of a symlink. */
async function listing(producer: ServedGraph["producer"], id: string): Promise<string[]> {
  const { target, mountId } = await runJob(producer, "mount", { id, readOnly: true });
  const lines = shell(`cd ${target} && find . -mindepth 1 -printf '%y %m %P %l\\n' | LC_ALL=C sort -k3`);
  await runJob(producer, "unmount", { mountId });
  return lines.split("\n").map((line) => line.trim());
}

async function imported(producer: ServedGraph["producer"], path: string) {
  const result = await runJob(producer, "import", { source: { path } });
  return { ...result, id: result.images[0]?.id ?? "" };
}

it("ko names its files absolutely", () =>
  dock.serving(async ({ producer }) => {
    const { id } = await imported(producer, wild("ko-image"));
    const lines = await listing(producer, id);
    expect(lines).toContain("d 555 ko-app");
    expect(lines).toContain("f 555 ko-app/hello");
  }));

it("a layer of no bytes is empty", () =>
  dock.serving(async ({ producer, root }) => {
    const { id, layersAdded } = await imported(producer, wild("ggcr-367-zero-byte-layer"));
    expect(layersAdded).toBe(2);
    const { parent } = await (await openGraph(root)).get(id);
    const facts = JSON.parse(readFileSync(join(root, "graph", parent ?? "", "layer.json"), "utf8"));
    expect(facts.diffId).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(shell(`find ${root}/graph/${parent}/layer -mindepth 1`)).toBe("");
  }));

it("an archive without its end is taken where digests prove it whole", () =>
  dock.serving(async ({ producer }) => {
    const whole = await imported(producer, wild("outer-no-end"));
    expect(whole.images.map(({ names }) => names)).toEqual([["t/ne:1"]]);
  }));

it("an artifact of oras beside an image is passed over, and named", () =>
  dock.serving(async ({ producer }) => {
    const source = { path: wild("oci-layout-oras-beside-image") };
    const { format, images, skipped } = await runJob(producer, "import", { source, name: "t/oras" });
    expect([format, images.map(({ names }) => names)]).toEqual(["oci", [["t/oras:v1"]]]);
    expect(skipped).toEqual([
      {
        digest: "sha256:5c48260e0bd30b234f088f164482509ef1eb8c8fff5639a33632ce4e15afbd32",
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        artifactType: "application/spdx+json",
        reason: "artifact",
      },
    ]);
  }));

it("a hard link into a lower layer is to the lower file, which is copied up", () =>
  dock.serving(async ({ producer, root }) => {
    const { id, layersPresent } = await imported(producer, wild("cross-layer-hardlink-image"));
    expect(layersPresent).toBe(0);
    expect(await listing(producer, id)).toEqual([
      "d 755 usr",
      "d 755 usr/bin",
      "f 755 usr/bin/tool",
      "f 755 usr/bin/tool2",
    ]);
    const { parent } = JSON.parse(readFileSync(join(root, "graph", id, "json"), "utf8"));
    const own = (name: string) => join(root, "graph", parent, "layer/usr/bin", name);
    expect(readFileSync(own("tool2"), "utf8")).toBe("tool");
    expect(lstatSync(own("tool2")).ino).toBe(lstatSync(own("tool")).ino);
    // The same again is the same, and a second import of it finds it there.
    const again = await imported(producer, wild("cross-layer-hardlink-image"));
    expect([again.id, again.layersAdded]).toEqual([id, 0]);
  }));

it("umoci makes the same of it", () =>
  dock.serving(async ({ producer }) => {
    const path = wild("cross-layer-hardlink-image");
    const list = "-type f -printf '%y %m %n %s %T@ %P\\n' | LC_ALL=C sort -k6";
    const at = mkdtempSync(join(dock.scratch, "umoci-"));
    await skopeoCopy(`docker-archive:${path}`, `oci:${at}/layout:x`);
    const theirs = shell(`find ${await umociUnpack(`${at}/layout:x`, `${at}/bundle`)} ${list}`);
    const { id } = await imported(producer, path);
    const { target, mountId } = await runJob(producer, "mount", { id, readOnly: true });
    const ours = shell(`find ${target} ${list}`);
    await runJob(producer, "unmount", { mountId });
    expect(ours).toBe(theirs);
  }));

it("a store over a parent may link to the parent's files, and one without a parent may not", () =>
  dock.serving(async ({ producer }) => {
    const write = (name: string, ...entries: Buffer[]) => {
      const path = join(dock.scratch, name);
      writeFileSync(path, archive(...entries));
      return { path };
    };
    const base = write(
      "base.tar",
      entry({ name: "secret/", type: "5", mode: 0o700 }),
      entry({ name: "secret/a" }, "a"),
    );
    const linking = write("linking.tar", entry({ name: "b", type: "1", linkName: "/secret/a" }));
    await runJob(producer, "store", { image: { id: "base" }, layer: base });
    await runJob(producer, "store", { image: { id: "top", parent: "base" }, layer: linking });
    expect(await listing(producer, "top")).toEqual(["f 644 b", "d 700 secret", "f 644 secret/a"]);
    await expect(runJob(producer, "store", { image: { id: "alone" }, layer: linking })).rejects.toMatchObject(
      { code: "BAD_ARCHIVE" },
    );
  }));

it("kaniko deletes what lies below a name before it makes the name a symlink", () =>
  dock.serving(async ({ producer }) => {
    const parent = join(dock.scratch, "parent.tar");
    writeFileSync(parent, archive(entry({ name: "a/a" }, "x")));
    await runJob(producer, "store", { image: { id: "below" }, layer: { path: parent } });
    const layer = { path: wild("kaniko-2308-whiteout-then-symlink") };
    await runJob(producer, "store", { image: { id: "above", parent: "below" }, layer });
    expect(await listing(producer, "above")).toEqual(["l 777 a b", "d 755 b"]);
  }));

it("a name below a symlink lies where that leads in the layer", () =>
  dock.serving(async ({ producer }) => {
    await runJob(producer, "store", { image: { id: "a" }, layer: { path: wild("below-absolute-symlink") } });
    expect(await listing(producer, "a")).toEqual([
      "d 755 run",
      "d 755 run/app",
      "f 644 run/app/pid",
      "d 755 var",
      "l 777 var/run /run",
    ]);
  }));

it("an attribute by which overlays mark an opaque directory hides nothing, with any driver", () =>
  dock.serving(async ({ producer }) => {
    const { id } = await imported(producer, wild("user-overlay-opaque"));
    for (const driver of await availableDrivers()) {
      const { target, mountId } = await runJob(producer, "mount", { id, driver });
      expect([driver, shell(`ls ${target}/d`)]).toEqual([driver, "new\nold"]);
      await runJob(producer, "unmount", { mountId });
    }
  }));
