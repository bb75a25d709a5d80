// What images of a layout become in a graph: ids, records, names; and what an import does not do twice.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openGraph, splitPath } from "../../src/graph/index.js";
import { importImages } from "../../src/interchange/index.js";
import { assembleArchive } from "../../src/layer/index.js";
import { collect } from "../support/collect.js";
import { expectNoTrace, importInto, importLimits } from "../support/images/imports.js";
import {
  addBlob,
  type Descriptor,
  imageOf,
  mediaTypes,
  readIndex,
  refName,
  writeIndex,
} from "../support/images/oci-layout.js";
import { digestOf, makeSmallLayout, type SmallLayout, smallLayers } from "../support/images/small-layout.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { archive, entry } from "../support/trees/crafted-tar.js";

const scratch = useScratchDirectory();

async function layoutOf(made: SmallLayout = {}): Promise<string> {
  const layout = join(await scratch.fresh(), "layout");
  makeSmallLayout(layout, made);
  return layout;
}

const recordOf = (root: string, id: string) => readFileSync(join(root, "graph", id, "json"), "utf8");
const keptIn = (root: string, id: string, name: string) => readFileSync(join(root, "graph", id, name));
const blobIn = (layout: string, digest: string) =>
  readFileSync(join(layout, "blobs", digest.replace(":", "/")));
const images = (root: string) =>
  readdirSync(join(root, "graph"))
    .filter((name) => name !== ":tmp:")
    .sort();
const printed = async (...lines: string[]) =>
  (await shell(`printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")} | sha256sum`))
    .toString()
    .slice(0, 64);
const [base, top] = smallLayers as [Buffer, Buffer];

/** Another image of the same layers, that differs in its config. */
function addSibling(layout: string, change: object, annotations?: Record<string, string>): Descriptor {
  const { manifest, config } = imageOf(layout, "web:1");
  const configured = addBlob(layout, mediaTypes.config, { ...config, ...change });
  return {
    ...addBlob(layout, mediaTypes.manifest, { ...manifest, config: configured }),
    ...(annotations ? { annotations } : {}),
  };
}

it("keeps of each layer what its archive is made again by", async () => {
  const twice = archive(entry({ name: "/etc/f" }, "one"), entry({ name: "etc/f" }, "two"));
  const layers = [...smallLayers, twice, Buffer.alloc(0)];
  const root = await scratch.fresh();
  const imported = await importInto(root, await layoutOf({ layers }));
  const graph = await openGraph(root);
  const directories = (await graph.layers(imported.images[0]?.id ?? "")).reverse();
  for (const [at, layerDirectory] of directories.entries()) {
    const directory = dirname(layerDirectory);
    const again = await collect(assembleArchive({ layerDirectory, splitPath: splitPath(directory) }));
    expect(Buffer.concat(again)).toEqual(layers[at]);
    expect(await graph.layerFacts(basename(directory))).toMatchObject({ lossless: true });
  }
  expect(directories).toHaveLength(layers.length);
  await graph.close();
});

describe("an image without ids", () => {
  it("gets those that printf and sha256sum make of its chain, and records in Docker's order", async () => {
    const layout = await layoutOf({
      config: (config) => ({
        ...config,
        created: "2024-05-06T07:08:09.123456789Z",
        author: "A. Author",
        "os.version": "1",
        history: [
          { created: "2024-01-01T00:00:00Z", created_by: "ADD rootfs", comment: "base", author: "B." },
          { created_by: "ENV A=b", empty_layer: true },
          { created: "2024-02-02T00:00:00Z", created_by: "RUN rm etc/motd" },
          { created_by: "CMD sh", empty_layer: true },
        ],
      }),
    });
    const root = await scratch.fresh();
    const imported = await importInto(root, layout);
    const first = await printed("", digestOf(base));
    const second = await printed(first, digestOf(top));
    const { config, manifest } = imageOf(layout, "web:1");
    const image = manifest.config.digest.slice("sha256:".length);
    expect(imported).toEqual({
      ...{ format: "oci", layersAdded: 2, layersPresent: 0, layerBytes: 15, moved: [], skipped: [] },
      ownership: "kept",
      images: [{ id: image, names: ["web:1"], layers: 2 }],
    });
    expect(recordOf(root, first)).toBe(`{"id":"${first}","created":"1970-01-01T00:00:00Z"}`);
    expect(recordOf(root, second)).toBe(
      `{"id":"${second}","parent":"${first}","created":"1970-01-01T00:00:00Z"}`,
    );
    expect(recordOf(root, image)).toBe(
      `{"id":"${image}","parent":"${second}","created":"2024-05-06T07:08:09.123456789Z","container_config":{"Cmd":["RUN rm etc/motd"]},"author":"A. Author","config":{"Cmd":["/bin/sh"]},"architecture":"amd64","os":"linux","os.version":"1","history":${JSON.stringify(config.history)}}`,
    );
    expect(keptIn(root, image, "config.json")).toEqual(blobIn(layout, manifest.config.digest));
    const [descriptor] = readIndex(layout).manifests;
    expect(keptIn(root, image, "manifest.json")).toEqual(blobIn(layout, descriptor?.digest ?? ""));
    expect(readdirSync(join(root, "graph", image, "layer"))).toEqual([]);
    expect(readFileSync(join(root, "graph", second, "layer/etc/issue"), "utf8")).toBe("served\n");
  });

  it("has records without a clock in them, where its config tells no time and its history does not fit", async () => {
    const layout = await layoutOf({ config: (config) => ({ ...config, history: [{ created_by: "one" }] }) });
    const [one, other] = [await scratch.fresh(), await scratch.fresh()];
    for (const root of [one, other]) await importInto(root, layout);
    expect(images(one)).toEqual(images(other));
    for (const id of images(one)) {
      expect(recordOf(one, id)).toBe(recordOf(other, id));
      expect(JSON.parse(recordOf(one, id))).toMatchObject({ created: "1970-01-01T00:00:00Z" });
    }
  });

  it("keeps what Docker's own configs tell of their making", async () => {
    const made = {
      container: "c0ffee",
      container_config: { Cmd: ["#(nop)"] },
      docker_version: "1.10.3",
      id: "x",
      parent: "y",
    };
    const layout = await layoutOf({ config: (config) => ({ ...config, ...made }) });
    const root = await scratch.fresh();
    const [image] = (await importInto(root, layout)).images;
    const { id, parent, ...record } = JSON.parse(recordOf(root, image?.id ?? ""));
    expect(record).toMatchObject({
      container: "c0ffee",
      container_config: { Cmd: ["#(nop)"] },
      docker_version: "1.10.3",
    });
    expect([id, parent]).not.toContain("x");
  });
});

describe("what the graph has already", () => {
  it("is not added again: a second import adds nothing, images that share layers add the others", async () => {
    const layout = await layoutOf();
    const root = await scratch.fresh();
    const first = await importInto(root, layout);
    expect(await importInto(root, layout)).toEqual({
      ...first,
      layersAdded: 0,
      layersPresent: 2,
      layerBytes: 0,
    });
    const sibling = addSibling(layout, { author: "another" }, { [refName]: "web:2" });
    writeIndex(layout, [sibling]);
    expect(await importInto(root, layout)).toMatchObject({ layersAdded: 0, layersPresent: 2 });
    expect(images(root)).toHaveLength(4);
  });

  it.each([
    ["compressed", 0],
    ["plain", 1],
  ])("is checked in the source all the same: the blob of a layer, %s", async (_, at) => {
    const layout = await layoutOf();
    const root = await scratch.fresh();
    await importInto(root, layout);
    const { digest } = imageOf(layout, "web:1").manifest.layers[at] as Descriptor;
    const blob = join(layout, "blobs/sha256", digest.slice("sha256:".length));
    const bytes = readFileSync(blob);
    bytes[bytes.length - 6] = (bytes[bytes.length - 6] as number) ^ 1;
    writeFileSync(blob, bytes);
    await expect(importInto(root, layout, { name: "web:2" })).rejects.toMatchObject({
      code: "SOURCE_MISMATCH",
      message: expect.stringContaining(digest.slice("sha256:".length)),
    });
    const graph = await openGraph(root);
    expect([...(await graph.names.all()).keys()]).toEqual(["web:1"]);
  });

  it("counts as added where an earlier try of the same job brought it", async () => {
    const layout = await layoutOf();
    const root = await scratch.fresh();
    const first = await importInto(root, layout, { jobId: "one" });
    expect(await importInto(root, layout, { jobId: "one" })).toEqual(first);
    expect(await importInto(root, layout, { jobId: "two" })).toMatchObject({
      layersAdded: 0,
      layersPresent: 2,
    });
  });

  it("is not taken for the layer of a derived id because it has that id", async () => {
    const layout = await layoutOf();
    const root = await scratch.fresh();
    const id = await printed("", digestOf(base));
    const forged = join(await scratch.fresh(), "forged.tar");
    const evil = archive(entry({ name: "etc/", type: "5" }), entry({ name: "etc/motd" }, "forged\n"));
    writeFileSync(
      forged,
      archive(
        entry({ name: `${id}/json` }, JSON.stringify({ id, container_config: {} })),
        entry({ name: `${id}/layer.tar` }, evil),
      ),
    );
    await importInto(root, forged);
    const importing = importInto(root, layout);
    await expect(importing).rejects.toMatchObject({
      code: "IMAGE_EXISTS",
      message: expect.stringContaining(id),
    });
    expect(images(root)).toEqual([id]);
  });

  it("is, by its content, where it came out of an export that carried its id", async () => {
    const layout = await layoutOf();
    const root = await scratch.fresh();
    const id = await printed("", digestOf(base));
    const exported = join(await scratch.fresh(), "exported.tar");
    // The same tree, in another archive.
    const same = archive(
      entry({ name: "./etc/", type: "5", mode: 0o755 }),
      entry({ name: "./etc/motd" }, "welcome\n"),
    );
    const record = JSON.stringify({ id, container_config: {} });
    writeFileSync(
      exported,
      archive(entry({ name: `${id}/json` }, record), entry({ name: `${id}/layer.tar` }, same)),
    );
    await importInto(root, exported);
    expect(await importInto(root, layout)).toMatchObject({ layersAdded: 1, layersPresent: 1 });
    expect(recordOf(root, id)).toBe(record);
  });

  it("is the parent of what an old archive brings without it", async () => {
    const layout = await layoutOf();
    const root = await scratch.fresh();
    const [image] = (await importInto(root, layout)).images;
    const old = join(await scratch.fresh(), "old.tar");
    const record = JSON.stringify({ id: "child", parent: image?.id, container_config: {} });
    writeFileSync(
      old,
      archive(entry({ name: "child/json" }, record), entry({ name: "child/layer.tar" }, top)),
    );
    expect(await importInto(root, old)).toMatchObject({
      layersAdded: 1,
      images: [{ id: "child", layers: 1 }],
    });
    const graph = await openGraph(root);
    expect(await graph.history("child")).toHaveLength(4);
    await graph.close();
  });
});

describe("records that an export carried", () => {
  it("come back byte for byte, under their ids", async () => {
    const records = [
      '{"id":"base",  "comment":"\\u00e9", "container_config":{}}',
      '{ "parent":"base","id":"top","x":[1.50] }',
    ];
    const layout = await layoutOf({ config: (config) => ({ ...config, "org.stevedore.records": records }) });
    const root = await scratch.fresh();
    expect((await importInto(root, layout)).images).toMatchObject([
      { id: "top", names: ["web:1"], layers: 2 },
    ]);
    expect([recordOf(root, "base"), recordOf(root, "top")]).toEqual(records);
    const changed = records.map((text) => text.replace("1.50", "2"));
    const other = await layoutOf({ config: (config) => ({ ...config, "org.stevedore.records": changed }) });
    await expect(importInto(root, other)).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
  });
});

describe("names", () => {
  const namesIn = async (root: string) => {
    const graph = await openGraph(root);
    const names = await graph.names.all();
    await graph.close();
    return new Map(names);
  };

  it("move to what is imported, and the result tells from where", async () => {
    const layout = await layoutOf();
    const root = await scratch.fresh();
    const [old] = (await importInto(root, layout)).images;
    writeIndex(layout, [addSibling(layout, { author: "new" }, { [refName]: "web:1" })]);
    const {
      images: [image],
      moved,
    } = await importInto(root, layout);
    expect(moved).toEqual([{ name: "web:1", previous: old?.id }]);
    expect(await namesIn(root)).toEqual(new Map([["web:1", image?.id]]));
  });

  it.each<[annotations: Record<string, string>, name: string | undefined, string[]]>([
    [{}, undefined, []],
    [{}, "a/b", ["a/b:latest"]],
    [{}, "a/b:c", ["a/b:c"]],
    [{ [refName]: "v1.2" }, undefined, []],
    [{ [refName]: "v1.2" }, "a/b", ["a/b:v1.2"]],
    [{ [refName]: "v1.2" }, "a/b:c", ["a/b:c"]],
    [{ [refName]: "localhost:5000/x:y" }, undefined, ["localhost:5000/x:y"]],
    [{ [refName]: "localhost:5000/x:y" }, "a/b", ["a/b:y"]],
    [{ [refName]: "Not/Ours:y" }, "a/b", ["a/b:y"]],
    [{ [refName]: "localhost:5000/x" }, "a/b", ["a/b:latest"]],
    [
      { [refName]: "latest", "io.containerd.image.name": "docker.io/library/busybox:latest" },
      undefined,
      ["busybox:latest"],
    ],
    [{ "io.containerd.image.name": "docker.io/team/web" }, undefined, ["team/web:latest"]],
    [
      { "io.containerd.image.name": `example.com/web@${digestOf("x")}` },
      undefined,
      ["example.com/web:latest"],
    ],
  ])("of %j, asked to be %s, are %j", async (annotations, name, expected) => {
    const layout = await layoutOf({ index: (image) => [{ ...image, annotations }] });
    const root = await scratch.fresh();
    const {
      images: [image],
    } = await importInto(root, layout, { name });
    expect(image?.names).toEqual(expected);
    expect([...(await namesIn(root)).keys()]).toEqual(expected);
  });
});

describe("of several images", () => {
  const platforms = (layout: string, ...all: string[]) =>
    all.map((text) => {
      const [os, architecture, variant] = text.split("/");
      return {
        ...addSibling(layout, { os, architecture, variant }),
        platform: { os, architecture, variant } as Descriptor["platform"] & object,
      };
    });
  const platformIn = async (layout: string, platform?: string) => {
    const root = await scratch.fresh();
    const {
      images: [image, ...others],
    } = await importInto(root, layout, { platform });
    expect(others).toEqual([]);
    const { os, architecture, variant } = JSON.parse(recordOf(root, image?.id ?? ""));
    return [os, architecture, variant].filter(Boolean).join("/");
  };

  it("the one for the platform is taken: of an index in the index, and of one that lists them itself", async () => {
    const layout = await layoutOf();
    const all = platforms(
      layout,
      "linux/arm/v6",
      "linux/arm/v7",
      "linux/arm64",
      "linux/amd64",
      "linux/amd64/v3",
      "plan9/386",
    );
    const attestation = { ...(all[0] as Descriptor), platform: { os: "unknown", architecture: "unknown" } };
    const nested = addBlob(layout, mediaTypes.index, { schemaVersion: 2, manifests: [...all, attestation] });
    for (const manifests of [[...all, attestation], [{ ...nested, annotations: { [refName]: "web:1" } }]]) {
      writeIndex(layout, manifests);
      for (const [wanted, found] of [
        ["linux/arm64", "linux/arm64"],
        ["linux/arm64/v8", "linux/arm64"],
        ["linux/arm", "linux/arm/v7"],
        ["linux/arm/v6", "linux/arm/v6"],
        ["linux/amd64", "linux/amd64"],
        ["linux/amd64/v2", "linux/amd64"],
        ["linux/amd64/v3", "linux/amd64/v3"],
        ["plan9/386", "plan9/386"],
      ]) {
        expect(await platformIn(layout, wanted)).toBe(found);
      }
    }
    const here = { x64: "linux/amd64", arm64: "linux/arm64" }[process.arch as "x64"];
    if (here !== undefined) expect(await platformIn(layout)).toBe(here);
  });

  it("all are taken that are of one platform, or have names of their own", async () => {
    const layout = await layoutOf();
    writeIndex(layout, [
      addSibling(layout, { author: "1" }),
      addSibling(layout, { author: "2" }),
      addSibling(layout, { author: "3", os: "plan9" }, { [refName]: "x:y" }),
    ]);
    const root = await scratch.fresh();
    expect((await importInto(root, layout)).images.map(({ names }) => names)).toEqual([[], [], ["x:y"]]);
    expect(images(root)).toHaveLength(5);
  });
});

it("a foreign layer that is there is taken, and a layer by its bytes whatever its media type says", async () => {
  const foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
  const layout = await layoutOf({
    layer: (layer, at) => (at === 1 ? { ...layer, mediaType: foreign } : layer),
  });
  expect(await importInto(await scratch.fresh(), layout)).toMatchObject({ layersAdded: 2 });
});

it("a cancelled import leaves nothing", async () => {
  const layout = await layoutOf({
    layers: [archive(entry({ name: "x" }, Buffer.alloc(900_000))), top],
  });
  const root = await scratch.fresh();
  const graph = await openGraph(root, { create: true });
  await graph.close();
  const cancelling = new AbortController();
  const onProgress = () => cancelling.abort();
  await using file = await open(layout, "r");
  const importing = importImages(graph, file, { limits: importLimits, onProgress }, cancelling.signal);
  await expect(importing).rejects.toMatchObject({ code: "CANCELLED" });
  expectNoTrace(root);
});

it("the progress ends with the bytes of all layers, those too that are only checked", async () => {
  const layout = await layoutOf();
  const root = await scratch.fresh();
  const told: [number, number][] = [];
  const onProgress = (done: number, total: number) => void told.push([done, total]);
  await importInto(root, layout, { onProgress });
  const total = gzipSync(base).length + top.length;
  expect(told.at(-1)).toEqual([total, total]);
  told.length = 0;
  await importInto(root, layout, { onProgress });
  expect(told.at(-1)).toEqual([total, total]);
});
