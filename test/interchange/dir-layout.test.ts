// Directories as skopeo writes them (`dir:`): one manifest, or a list of platforms, and the blobs beside it.
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { expectNoTrace, importInto } from "../support/images/imports.js";
import { addBlob, type Descriptor, imageOf, mediaTypes, writeIndex } from "../support/images/oci-layout.js";
import { skopeoCopy } from "../support/images/peers.js";
import { makeSmallLayout } from "../support/images/small-layout.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

/** A layout with `web:1`, its directory by skopeo, and what an import of the layout gives. */
async function copied(...options: readonly string[]) {
  const at = await scratch.fresh();
  const layout = join(at, "layout");
  const image = makeSmallLayout(layout);
  const dir = join(at, "dir");
  await skopeoCopy(`oci:${layout}`, `dir:${dir}`, ...options);
  const { images } = await importInto(await scratch.fresh(), layout);
  return { layout, image, dir, id: images[0]?.id };
}

/** The same image for two platforms, under one index. */
function addPlatform(layout: string, image: Descriptor): void {
  const { manifest, config } = imageOf(layout, "web:1");
  const other = addBlob(layout, mediaTypes.manifest, {
    ...manifest,
    config: addBlob(layout, mediaTypes.config, { ...config, architecture: "s390x" }),
  });
  const { annotations: _, ...plain } = image;
  const manifests = [
    { ...plain, platform: { os: "linux", architecture: "amd64" } },
    { ...other, platform: { os: "linux", architecture: "s390x" } },
  ];
  const index = addBlob(layout, mediaTypes.index, {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests,
  });
  writeIndex(layout, [index]);
}

describe("a directory of skopeo", () => {
  it("is the image it was copied from, as a directory and as an archive of it", async () => {
    const { dir, id } = await copied();
    expect(readdirSync(dir)).toContain("version");
    await execa("tar", ["-C", dir, "-cf", `${dir}.tar`, "."]);
    for (const source of [dir, `${dir}.tar`]) {
      const { format, images } = await importInto(await scratch.fresh(), source, { name: "t/dir" });
      expect({ format, images }).toEqual({
        format: "dir",
        images: [{ id, names: ["t/dir:latest"], layers: 2 }],
      });
    }
  });

  it("is read in Docker's form too", async () => {
    const { dir } = await copied("--format", "v2s2");
    expect(JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8")).mediaType).toMatch(/docker/);
    expect((await importInto(await scratch.fresh(), dir)).images).toMatchObject([{ names: [], layers: 2 }]);
  });

  it("with all platforms gives the one that is asked for, and with those that are left out, what is there", async () => {
    const { layout, image } = await copied();
    addPlatform(layout, image);
    const dir = join(await scratch.fresh(), "dir");
    await skopeoCopy(`oci:${layout}`, `dir:${dir}`, "--all");
    const importFor = async (platform: string) => {
      const root = await scratch.fresh();
      const [found] = (await importInto(root, dir, { platform })).images;
      return JSON.parse(readFileSync(join(root, "graph", found?.id ?? "", "json"), "utf8")).architecture;
    };
    for (const architecture of ["amd64", "s390x"]) {
      expect(await importFor(`linux/${architecture}`)).toBe(architecture);
    }
    await expect(importFor("linux/riscv64")).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });

    const list = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8"));
    const absent = list.manifests[0].digest;
    rmSync(join(dir, `${absent.replace("sha256:", "")}.manifest.json`));
    const { images, skipped } = await importInto(await scratch.fresh(), dir);
    expect(images).toHaveLength(1);
    expect(skipped).toMatchObject([{ digest: absent, reason: "absent" }]);
  });

  it("with signatures beside it is read without them", async () => {
    const { dir, id } = await copied();
    writeFileSync(join(dir, "signature-1"), "not read");
    expect((await importInto(await scratch.fresh(), dir)).images).toMatchObject([{ id }]);
  });
});

const bad: Readonly<Record<string, readonly [spoil: (dir: string) => void, code: string, tells: string]>> = {
  "a blob is another": [
    (dir) => {
      const { config } = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8"));
      const path = join(dir, config.digest.slice(7));
      writeFileSync(path, readFileSync(path, "latin1").replace("amd64", "amd65"));
    },
    "SOURCE_MISMATCH",
    "digest",
  ],
  "a layer is missing": [
    (dir) => {
      const { layers } = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8"));
      rmSync(join(dir, layers[1].digest.slice(7)));
    },
    "BAD_ARCHIVE",
    "is missing",
  ],
  "the manifest's blobs lie elsewhere": [
    (dir) => {
      const { config } = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8"));
      rmSync(join(dir, "version"));
      renameSync(join(dir, config.digest.slice(7)), join(dir, "config"));
    },
    "BAD_ARCHIVE",
    "dir:",
  ],
  "the manifest is of version 1": [
    (dir) => writeFileSync(join(dir, "manifest.json"), '{"schemaVersion":1,"fsLayers":[]}'),
    "BAD_ARCHIVE",
    "version 1",
  ],
  "the manifest is no manifest": [
    (dir) => writeFileSync(join(dir, "manifest.json"), '{"name":"a web app"}'),
    "BAD_ARCHIVE",
    "manifest.json",
  ],
  "the manifest is a list as well": [
    (dir) => {
      const path = join(dir, "manifest.json");
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), manifests: [] }));
    },
    "BAD_ARCHIVE",
    "a manifest has no manifests",
  ],
  "the manifest is that of an artifact": [
    (dir) => {
      const path = join(dir, "manifest.json");
      const manifest = JSON.parse(readFileSync(path, "utf8"));
      const config = { ...manifest.config, mediaType: "application/vnd.cncf.helm.config.v1+json" };
      writeFileSync(path, JSON.stringify({ ...manifest, config }));
    },
    "BAD_ARCHIVE",
    "helm",
  ],
};
describe("a directory of skopeo is refused", () => {
  it.each(Object.entries(bad))("where %s", async (_, [spoil, code, tells]) => {
    const { dir } = await copied();
    spoil(dir);
    const root = await scratch.fresh();
    await expect(importInto(root, dir)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(tells),
    });
    expectNoTrace(root);
  });
});

describe("a layout whose manifest.json tells little", () => {
  /** What containerd's exporter writes: a layout, and a `manifest.json` for the platform it was asked for, if any. */
  async function platforms(manifestJson: (layout: string) => string | undefined) {
    const layout = join(await scratch.fresh(), "layout");
    addPlatform(layout, makeSmallLayout(layout));
    const content = manifestJson(layout);
    if (content !== undefined) writeFileSync(join(layout, "manifest.json"), content);
    return layout;
  }
  const forAmd64 = (layout: string) => {
    const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
    const path = (digest: string) => `blobs/${digest.replace(":", "/")}`;
    const index = JSON.parse(readFileSync(join(layout, path(manifests[0].digest)), "utf8"));
    const manifest = JSON.parse(readFileSync(join(layout, path(index.manifests[0].digest)), "utf8"));
    const Layers = manifest.layers.map(({ digest }: Descriptor) => path(digest));
    return JSON.stringify([{ Config: path(manifest.config.digest), RepoTags: ["web:1"], Layers }]);
  };

  it.each([
    ["is missing", () => undefined],
    ["is null", () => "null"],
    ["is an empty list", () => "[]"],
  ])("is read by its index where it %s", async (_, manifestJson) => {
    const layout = await platforms(manifestJson);
    for (const platform of ["linux/amd64", "linux/s390x"]) {
      const { format, images } = await importInto(await scratch.fresh(), layout, { platform });
      expect([format, images.length]).toEqual(["oci", 1]);
    }
  });

  it("is read by it for the platform that it has, and by the index for the others", async () => {
    const layout = await platforms(forAmd64);
    const importFor = (platform?: string) =>
      scratch.fresh().then((root) => importInto(root, layout, { platform }));
    expect(await importFor()).toMatchObject({ format: "docker", images: [{ names: ["web:1"] }] });
    expect(await importFor("linux/amd64")).toMatchObject({ format: "docker" });
    expect(await importFor("linux/s390x")).toMatchObject({ format: "oci" });
    await expect(importFor("linux/riscv64")).rejects.toMatchObject({
      code: "SOURCE_NOT_FOUND",
      message: expect.stringMatching(/amd64, linux\/s390x/),
    });
  });

  it("is refused where there is no layout beside it", async () => {
    for (const content of ["null", "[]"]) {
      const directory = await scratch.fresh();
      writeFileSync(join(directory, "manifest.json"), content);
      const root = await scratch.fresh();
      await expect(importInto(root, directory)).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
    }
  });
});
