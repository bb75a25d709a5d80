// What a bad OCI layout gets: a code, a message that names the thing, and nothing in the graph.
import { execFileSync } from "node:child_process";
import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, it } from "vitest";
import { expectNoTrace, importInto, importLimits } from "../support/images/imports.js";
import {
  addBlob,
  blobPath,
  type Descriptor,
  imageOf,
  mediaTypes,
  readIndex,
  refName,
  writeIndex,
} from "../support/images/oci-layout.js";
import { digestOf, makeSmallLayout, type SmallLayout, smallLayers } from "../support/images/small-layout.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { archive, entry } from "../support/trees/crafted-tar.js";

const scratch = useScratchDirectory();
let root: string;
beforeAll(async () => {
  root = await scratch.fresh();
});

/** A layout that is bad by what it is made of, or by what is done to it then. */
interface Bad extends SmallLayout {
  readonly spoil?: (layout: string, image: Descriptor) => void;
  readonly platform?: string;
  readonly name?: string;
  readonly code: string;
  /** What the message tells. */
  readonly tells: string | RegExp;
}

const layerOf = (layout: string, at: number) => imageOf(layout, "web:1").manifest.layers[at] as Descriptor;
const flip = (path: string, at: number) => {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
};
const flipLayer = (at: number, byte: number) => (layout: string) =>
  flip(blobPath(layout, layerOf(layout, at).digest), byte);
const removeBlob = (find: (layout: string) => Descriptor) => (layout: string) =>
  rmSync(blobPath(layout, find(layout).digest));
const first = digestOf(gzipSync(smallLayers[0] as Buffer));
const second = digestOf(smallLayers[1] as Buffer);
const blob = (digest: string) => digest.replace("sha256:", "blobs/sha256/");
const records =
  (...texts: string[]) =>
  (config: object) => ({ ...config, "org.stevedore.records": texts });
const record = (id: string, parent?: string) => JSON.stringify({ id, parent, container_config: {} });
const named = (name: string) => (image: Descriptor) => [{ ...image, annotations: { [refName]: name } }];
const forPlatforms =
  (...all: string[]) =>
  (image: Descriptor) =>
    all.map((text) => {
      const [os, architecture] = text.split("/");
      return { ...image, platform: { os, architecture } };
    });

/** Puts the image behind so many more indexes. */
function nest(layout: string, image: Descriptor, levels: number): void {
  let descriptor: Descriptor = image;
  for (let level = 0; level < levels; level++) {
    descriptor = addBlob(layout, mediaTypes.index, { schemaVersion: 2, manifests: [descriptor] });
  }
  writeIndex(layout, [descriptor]);
}

const bad: Readonly<Record<string, Bad>> = {
  "a byte of a compressed layer is another": {
    spoil: flipLayer(0, 40),
    code: "SOURCE_MISMATCH",
    tells: blob(first),
  },
  "a byte of a plain layer is another": {
    spoil: flipLayer(1, 600),
    code: "SOURCE_MISMATCH",
    tells: blob(second),
  },
  "a byte in the header of a gzip layer, that changes nothing of its content, is another": {
    spoil: flipLayer(0, 9),
    code: "SOURCE_MISMATCH",
    tells: blob(first),
  },
  "a layer is longer": {
    spoil: (layout) => writeFileSync(blobPath(layout, second), Buffer.alloc(512), { flag: "a" }),
    code: "SOURCE_MISMATCH",
    tells: second,
  },
  "a layer has another diffID": {
    config: (config) => ({ ...config, rootfs: { type: "layers", diff_ids: [digestOf("other"), second] } }),
    code: "SOURCE_MISMATCH",
    tells: new RegExp(`${blob(first)}, decompressed,.*${digestOf("other")}`),
  },
  "the config is another": {
    spoil: (layout) => flip(blobPath(layout, imageOf(layout, "web:1").manifest.config.digest), 20),
    code: "SOURCE_MISMATCH",
    tells: "blobs/sha256/",
  },
  "the manifest is another": {
    spoil: (layout, image) => flip(blobPath(layout, image.digest), 20),
    code: "SOURCE_MISMATCH",
    tells: "blobs/sha256/",
  },
  "a layer is missing": {
    spoil: removeBlob((layout) => layerOf(layout, 1)),
    code: "BAD_ARCHIVE",
    tells: blob(second),
  },
  "the config is missing": {
    spoil: removeBlob((layout) => imageOf(layout, "web:1").manifest.config),
    code: "BAD_ARCHIVE",
    tells: "is missing",
  },
  "the manifest is missing": {
    spoil: removeBlob((layout) => readIndex(layout).manifests[0] as Descriptor),
    code: "BAD_ARCHIVE",
    tells: "is missing",
  },
  "the platform is not there": {
    index: forPlatforms("linux/s390x", "windows/amd64"),
    platform: "linux/riscv64",
    code: "SOURCE_NOT_FOUND",
    tells: "linux/riscv64: the images are for linux/s390x, windows/amd64",
  },
  "none of several platforms is this host's": {
    index: forPlatforms("plan9/mips", "plan9/386"),
    code: "SOURCE_NOT_FOUND",
    tells: "plan9/386, plan9/mips",
  },
  "the only image is for another platform than was asked for": {
    platform: "linux/arm64/v8",
    code: "SOURCE_NOT_FOUND",
    tells: "the images are for linux/amd64",
  },
  "a layer is encrypted": {
    layer: (layer, at) => (at === 0 ? { ...layer, mediaType: `${layer.mediaType}+encrypted` } : layer),
    code: "BAD_ARCHIVE",
    tells: new RegExp(`${first}.*encrypted`),
  },
  "a foreign layer is not there": {
    layer: (layer, at) => {
      const mediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar";
      return at === 1
        ? { ...layer, digest: digestOf("else"), mediaType, urls: ["https://example.com"] }
        : layer;
    },
    code: "BAD_ARCHIVE",
    tells: new RegExp(`${digestOf("else")}.*foreign`),
  },
  "a layer is of an unknown media type": {
    layer: (layer, at) => (at === 0 ? { ...layer, mediaType: "application/vnd.example.squashfs" } : layer),
    code: "BAD_ARCHIVE",
    tells: "application/vnd.example.squashfs",
  },
  "the config is of an unknown media type": {
    configDescriptor: (descriptor) => ({
      ...descriptor,
      mediaType: "application/vnd.cncf.helm.config.v1+json",
    }),
    code: "BAD_ARCHIVE",
    tells: "application/vnd.cncf.helm.config.v1+json",
  },
  "the manifest is of an unknown media type": {
    index: (image) => [{ ...image, mediaType: "application/vnd.docker.distribution.manifest.v1+json" }],
    code: "BAD_ARCHIVE",
    tells: "manifest.v1+json",
  },
  "the manifest says itself that it is something else": {
    manifest: (manifest) => ({ ...manifest, mediaType: mediaTypes.index }),
    code: "BAD_ARCHIVE",
    tells: mediaTypes.index,
  },
  "the manifest is an index as well": {
    manifest: (manifest) => ({ ...manifest, manifests: [] }),
    code: "BAD_ARCHIVE",
    tells: "manifests",
  },
  "a digest is no sha256": {
    index: (image) => [{ ...image, digest: `sha512:${"0".repeat(128)}` }],
    code: "BAD_ARCHIVE",
    tells: "index.json",
  },
  "a digest leads out of the layout": {
    index: (image) => [{ ...image, digest: "sha256:../../../../etc/shadow" }],
    code: "BAD_ARCHIVE",
    tells: "index.json",
  },
  "the config tells of another number of layers": {
    config: (config) => ({ ...config, rootfs: { type: "layers", diff_ids: [second] } }),
    code: "BAD_ARCHIVE",
    tells: "lists 1 layers, but the image has 2",
  },
  "there are 10,000 layers": {
    manifest: (manifest) => {
      const [layer] = (manifest as { layers: object[] }).layers;
      return { ...manifest, layers: Array.from({ length: 10_000 }, () => layer) };
    },
    config: (config) => ({
      ...config,
      rootfs: { type: "layers", diff_ids: Array.from({ length: 10_000 }, () => second) },
    }),
    code: "LIMIT_EXCEEDED",
    tells: "10000 layers",
  },
  "indexes lie deep in one another": {
    spoil: (layout, image) => nest(layout, image, 4),
    code: "LIMIT_EXCEEDED",
    tells: "indexes",
  },
  "there are very many manifests": {
    index: (image) => Array.from({ length: 10_001 }, () => image),
    code: "LIMIT_EXCEEDED",
    tells: "10000 manifests",
  },
  "a document is long": {
    manifest: (manifest) => ({ ...manifest, comment: "x".repeat(4 * 1024 ** 2) }),
    code: "LIMIT_EXCEEDED",
    tells: "blobs/sha256/",
  },
  "a document is very deep": {
    spoil: (layout) =>
      writeFileSync(join(layout, "index.json"), `{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`),
    code: "BAD_ARCHIVE",
    tells: "index.json",
  },
  "there are no images": { index: () => [], code: "BAD_ARCHIVE", tells: "no images" },
  "the layout is of another version": {
    spoil: (layout) => writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}'),
    code: "BAD_ARCHIVE",
    tells: "oci-layout",
  },
  "a name has upper case": { index: named("Web:1"), code: "INVALID_NAME", tells: "Web:1" },
  "a name holds ..": { index: named("../web:1"), code: "INVALID_NAME", tells: "../web:1" },
  "two images have one name": {
    spoil: (layout, image) => {
      const other = addBlob(layout, mediaTypes.manifest, {
        ...imageOf(layout, "web:1").manifest,
        config: addBlob(layout, mediaTypes.config, { ...imageOf(layout, "web:1").config, author: "another" }),
      });
      writeIndex(layout, [image, { ...other, annotations: { [refName]: "web:1" } }]);
    },
    platform: "linux/amd64",
    code: "BAD_ARCHIVE",
    tells: "the name web:1 stands for two images",
  },
  "one name is given to two images": {
    index: (image) => [image, { ...image, annotations: { [refName]: "other" } }],
    name: "a:b",
    code: "INVALID_JOB",
    tells: "the source has 2",
  },
  "a layer holds an unsafe entry": {
    layers: [smallLayers[0] as Buffer, archive(entry({ name: "../x" }, "x"))],
    code: "UNSAFE_ENTRY",
    tells: /blobs\/sha256\/[0-9a-f]{64}: .*\.\.\/x/,
  },
  "a layer is no archive": {
    layers: [smallLayers[0] as Buffer, Buffer.from("no archive".repeat(200))],
    code: "BAD_ARCHIVE",
    tells: "blobs/sha256/",
  },
  "a layer is cut short, and known by that digest": {
    layers: [smallLayers[0] as Buffer, (smallLayers[1] as Buffer).subarray(0, 700)],
    code: "BAD_ARCHIVE",
    tells: "cut short",
  },
  "a layer unpacks to too many bytes": {
    layers: [archive(entry({ name: "zeros" }, Buffer.alloc(importLimits.maxBytes)))],
    code: "LIMIT_EXCEEDED",
    tells: "--max-layer-bytes",
  },
  "all layers together unpack to too many bytes": {
    layers: [1, 2, 3, 4, 5].map((at) =>
      archive(entry({ name: `zeros${at}` }, Buffer.alloc(1024 ** 2 - 3_000))),
    ),
    code: "LIMIT_EXCEEDED",
    tells: "--max-import-bytes",
  },
  "a record would be too long": {
    config: (config) => ({
      ...config,
      config: { Labels: { long: "x".repeat(importLimits.maxRecordBytes) } },
    }),
    code: "LIMIT_EXCEEDED",
    tells: "--max-record-bytes",
  },
  "it carries too few records": {
    config: records(record("a")),
    code: "BAD_ARCHIVE",
    tells: "1 records for 2 layers",
  },
  "it carries records that are no chain": {
    config: records(record("a"), record("b", "c")),
    code: "BAD_ARCHIVE",
    tells: "the record of b has the parent c",
  },
  "it carries a base that has a parent": {
    config: records(record("a", "z"), record("b", "a")),
    code: "BAD_ARCHIVE",
    tells: "the parent z",
  },
  "it carries a record with a bad id": {
    config: records(record("../a"), record("b", "../a")),
    code: "BAD_ARCHIVE",
    tells: "../a",
  },
  "it carries a record twice": {
    config: records(record("a"), record("a", "a")),
    code: "BAD_ARCHIVE",
    tells: "twice",
  },
  "a layer is a symlink to /etc/shadow": {
    spoil: (layout) => {
      rmSync(blobPath(layout, second));
      symlinkSync("/etc/shadow", blobPath(layout, second));
    },
    code: "UNSAFE_ENTRY",
    tells: blob(second),
  },
  "a layer is a relative symlink out of it": {
    spoil: (layout) => {
      rmSync(blobPath(layout, second));
      symlinkSync("../../../other", blobPath(layout, second));
    },
    code: "UNSAFE_ENTRY",
    tells: blob(second),
  },
  "the directory of blobs is a symlink out of it": {
    spoil: (layout) => {
      renameSync(join(layout, "blobs/sha256"), `${layout}.elsewhere`);
      symlinkSync(`${layout}.elsewhere`, join(layout, "blobs/sha256"));
    },
    code: "UNSAFE_ENTRY",
    tells: "blobs/sha256/",
  },
  "a layer is a link to itself": {
    spoil: (layout) => {
      rmSync(blobPath(layout, second));
      symlinkSync(second.replace("sha256:", ""), blobPath(layout, second));
    },
    code: "BAD_ARCHIVE",
    tells: "links",
  },
  "a layer is a directory": {
    spoil: (layout) => {
      rmSync(blobPath(layout, second));
      execFileSync("mkdir", [blobPath(layout, second)]);
    },
    code: "BAD_ARCHIVE",
    tells: blob(second),
  },
  "a layer is a fifo": {
    spoil: (layout) => {
      rmSync(blobPath(layout, second));
      execFileSync("mkfifo", [blobPath(layout, second)]);
    },
    code: "BAD_ARCHIVE",
    tells: blob(second),
  },
};

it.each(Object.entries(bad))(
  "%s: refused, and nothing is left, of a directory as of an archive",
  async (_, given) => {
    const { spoil, platform, name, code, tells } = given;
    const layout = join(await scratch.fresh(), "layout");
    const image = makeSmallLayout(layout, given);
    spoil?.(layout, image);
    const packed = `${layout}.tar`;
    execFileSync("tar", ["-C", layout, "-cf", packed, "."]);
    for (const path of [layout, packed]) {
      const importing = importInto(root, path, { platform, name });
      const message =
        typeof tells === "string" ? expect.stringContaining(tells) : expect.stringMatching(tells);
      await expect(importing).rejects.toMatchObject({ code, message });
      expectNoTrace(root);
    }
  },
);

it("the layout they are made of is right", async () => {
  const layout = join(await scratch.fresh(), "layout");
  makeSmallLayout(layout);
  const { images, layersAdded } = await importInto(await scratch.fresh(), layout);
  expect(images).toMatchObject([{ names: ["web:1"], layers: 2 }]);
  expect(layersAdded).toBe(2);
});

const endless = "x".repeat(100_000);
/** Gives each text of a document in turn, wherever it stands, 100,000 characters behind its own. */
const withEndlessTexts = (document: object): object[] => {
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const copy = structuredClone(document) as Record<string, unknown>;
  const collect = (holder: Record<string, unknown>) => {
    for (const [key, value] of Object.entries(holder)) {
      if (typeof value === "string") places.push([holder, key]);
      else if (typeof value === "object" && value !== null) collect(value as Record<string, unknown>);
    }
  };
  collect(copy);
  return places.map(([holder, key]) => {
    const own = holder[key];
    holder[key] = `${own}${endless}`;
    const spoilt = structuredClone(copy);
    holder[key] = own;
    return spoilt;
  });
};

it.each(["config", "manifest", "layer", "configDescriptor", "index"] as const)(
  "a text of %s without end: a message that can be read, if it is refused",
  async (which) => {
    let seen: object = {};
    const see = (value: object) => {
      seen = value;
      return value;
    };
    makeSmallLayout(join(await scratch.fresh(), "layout"), {
      [which]: which === "index" ? (image: Descriptor) => [see(image)] : see,
    });
    const spoilt = withEndlessTexts(seen);
    expect(spoilt.length).toBeGreaterThan(1);
    for (const document of spoilt) {
      const layout = join(await scratch.fresh(), "layout");
      makeSmallLayout(layout, { [which]: () => (which === "index" ? [document] : document) });
      const error = await importInto(await scratch.fresh(), layout).then(
        () => undefined,
        (thrown: { message: string }) => thrown,
      );
      expect(error?.message ?? "").toSatisfy((message: string) => message.length < 2_000);
    }
  },
);
