// What a pull fetches, adds and refuses, from a registry in memory.
import { cpSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Graph, openGraph } from "../../src/graph/index.js";
import type { LayerProgress } from "../../src/interchange/index.js";
import { StevedoreError } from "../../src/terms/index.js";
import { expectNoTrace } from "../support/images/imports.js";
import { addBlob, type Descriptor, imageOf, mediaTypes, readIndex } from "../support/images/oci-layout.js";
import { digestOf, makeSmallLayout, type SmallLayout, smallLayers } from "../support/images/small-layout.js";
import { type MemoryRegistry, memoryRegistry } from "../support/registry/memory-registry.js";
import { pullInto } from "../support/registry/transfers.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { archive, entry } from "../support/trees/crafted-tar.js";

const scratch = useScratchDirectory({ inMemory: true });
const reference = "example.org/team/web:1";
let registry: MemoryRegistry;
let root: string;
let graph: Graph;

beforeEach(async () => {
  registry = memoryRegistry();
  root = await scratch.fresh();
  graph = await openGraph(root, { create: true });
});
afterEach(() => graph.close());

/** Puts a small image into the registry, as `example.org/team/web:TAG`. */
async function serve(other: SmallLayout = {}, tag = "1"): Promise<string> {
  const layout = join(await scratch.fresh(), "layout");
  makeSmallLayout(layout, other);
  registry.load(layout, "team/web", tag);
  return layout;
}

function pull(options?: Parameters<typeof pullInto>[3]) {
  return pullInto(graph, registry, reference, options);
}

/** A config that makes the image another. */
const noted = (note: string) => (config: object) => ({ ...config, note });
const third = archive(entry({ name: "third" }, "third\n"));

describe("a pull", () => {
  it("adds the image by its image ID, with its documents as they are, under the reference as Docker shows it", async () => {
    const layout = await serve();
    const { images, digest, layersAdded, bytesFetched } = await pull();
    const { descriptor, manifest } = imageOf(layout, "web:1");
    const id = manifest.config.digest.replace("sha256:", "");
    expect(images).toEqual([{ id, names: [reference], layers: 2 }]);
    expect(digest).toBe(descriptor.digest);
    expect(layersAdded).toBe(2);
    const all = [descriptor, manifest.config, ...manifest.layers];
    expect(bytesFetched).toBe(all.reduce((sum, { size }) => sum + size, 0));
    expect(registry.requests()).toHaveLength(4);
    expect(await graph.resolve(reference)).toBe(id);
    expect(readdirSync(join(root, "graph", id)).sort()).toEqual(
      ["config.json", "json", "layer", "layer.json", "manifest.json"].sort(),
    );
    const [layer = "", base = ""] = (await graph.history(id)).slice(1).map((image) => image.id);
    const [packed] = manifest.layers;
    expect(graph.knownBlobs(base)).toEqual([
      {
        diffId: digestOf(smallLayers[0] as Buffer),
        compression: "gzip",
        isMade: false,
        digest: packed?.digest,
        size: packed?.size,
      },
    ]);
    expect(graph.knownBlobs(layer)).toEqual([]);
  });

  it("fetches the manifest alone where the image is there, also by another name", async () => {
    await serve();
    await pull();
    registry.requests();
    const again = await pull();
    expect(again).toMatchObject({ layersAdded: 0, layersPresent: 2 });
    expect(registry.requests()).toEqual(["GET manifest 1"]);
    await pull({ name: "other" });
    expect(registry.requests()).toEqual(["GET manifest 1"]);
    expect(await graph.resolve("other:1")).toBe(again.images[0]?.id);
  });

  it("fetches only the layers that are missing, and knows them by their parent and their diffID", async () => {
    await serve();
    await pull();
    registry.requests();
    await serve({ layers: [...smallLayers, third], config: noted("more") });
    const { layersAdded, layersPresent, moved } = await pull();
    expect([layersAdded, layersPresent]).toEqual([1, 2]);
    expect(moved).toHaveLength(1);
    const blobs = registry.requests().filter((request) => request.startsWith("GET blob"));
    expect(blobs).toHaveLength(2);
    expect(blobs).toContain(`GET blob ${digestOf(gzipSync(third))}`);
    // The same layer on another one is another image.
    await serve({ layers: [third], config: noted("alone") });
    expect(await pull()).toMatchObject({ layersAdded: 1, layersPresent: 0 });
  });

  it("reads a layer under whose id the graph has an image that may be another", async () => {
    await serve();
    const { images } = await pull();
    const [, layer] = (await graph.history(images[0]?.id ?? "")).map(({ id }) => id);
    const other = await openGraph(await scratch.fresh(), { create: true });
    try {
      await pullInto(other, registry, reference);
      const forged = await other.get(layer ?? "");
      // Such as `store` makes it of any archive.
      writeFileSync(join(forged.layerDirectory, "forged"), "forged");
      writeFileSync(
        join(forged.directory, "layer.json"),
        JSON.stringify({ layerBytes: 0, entries: 0, whiteouts: 0 }),
      );
      await expect(pullInto(other, registry, reference)).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
    } finally {
      await other.close();
    }
  });

  it("gives an image no name that is asked for by a digest alone, and the tag's where there is one", async () => {
    await serve();
    const { digest } = await pull();
    const other = await openGraph(await scratch.fresh(), { create: true });
    try {
      const pullThere = (text: string, name?: string) => pullInto(other, registry, text, { name });
      expect((await pullThere(`example.org/team/web@${digest}`)).images[0]?.names).toEqual([]);
      expect((await pullThere(`example.org/team/web@${digest}`, "mine")).images[0]?.names).toEqual([
        "mine:latest",
      ]);
      expect((await pullThere(`example.org/team/web:9@${digest}`)).images[0]?.names).toEqual([
        "example.org/team/web:9",
      ]);
      expect((await pullThere("example.org/team/web:1", "mine:2")).images[0]?.names).toEqual(["mine:2"]);
    } finally {
      await other.close();
    }
  });

  it("tells of each layer how it gets on", async () => {
    await serve();
    await pull();
    await serve({ layers: [...smallLayers, third], config: noted("more") });
    const seen: LayerProgress[][] = [];
    let last: readonly [number, number] = [0, 0];
    await pull({
      onProgress(done, total, layers) {
        seen.push([...layers]);
        last = [done, total];
      },
    });
    const size = gzipSync(third).length;
    expect(seen.at(-1)?.map(({ state }) => state)).toEqual(["present", "present", "done"]);
    expect(seen.some((layers) => layers[2]?.state === "fetching")).toBe(true);
    expect(seen.at(-1)?.[2]).toEqual({
      digest: digestOf(gzipSync(third)),
      done: size,
      total: size,
      state: "done",
    });
    expect(last).toEqual([size, size]);
  });

  it("holds what it adds against deletion, under its own name", async () => {
    await serve();
    const purposes = new Set<string>();
    registry.onRequest = async () => {
      for (const { purpose } of await graph.holders()) purposes.add(purpose);
    };
    await pull({ jobId: "1f2e" });
    expect([...purposes]).toEqual(["the pull of job 1f2e"]);
  });
});

describe("an index", () => {
  const platforms = ["linux/amd64", "linux/arm64/v8", "linux/386"] as const;

  /** Serves an index of an image for each platform, and of an attestation. */
  async function serveIndex(): Promise<{
    readonly images: readonly Descriptor[];
    readonly index: Descriptor;
  }> {
    const layout = join(await scratch.fresh(), "layout");
    const images: Descriptor[] = [];
    let index: Descriptor | undefined;
    makeSmallLayout(layout, {
      index: (image) => {
        for (const platform of platforms) {
          const [os = "", architecture = "", variant] = platform.split("/");
          const one = join(layout, "..", architecture);
          makeSmallLayout(one, {
            config: (config) => ({ ...config, os, architecture, variant }),
            layers: [smallLayers[0] as Buffer, archive(entry({ name: architecture }, `${architecture}\n`))],
          });
          const [made] = readIndex(one).manifests;
          registry.load(one, "team/web", architecture);
          cpSync(join(one, "blobs"), join(layout, "blobs"), { recursive: true });
          const { mediaType, digest, size } = made as Descriptor;
          images.push({
            mediaType,
            digest,
            size,
            platform: { os, architecture, ...(variant ? { variant } : {}) },
          });
        }
        const { mediaType, digest, size } = image;
        const attestation = { mediaType, digest, size, platform: { os: "unknown", architecture: "unknown" } };
        index = addBlob(layout, mediaTypes.index, {
          schemaVersion: 2,
          mediaType: mediaTypes.index,
          manifests: [...images, attestation],
        });
        return [index];
      },
    });
    registry.load(layout, "team/web", "1");
    registry.requests();
    return { images, index: index as Descriptor };
  }

  it("gives the image for the platform, and nothing is fetched of the others", async () => {
    const { images, index } = await serveIndex();
    const pulled = await pull({ platform: "linux/arm64" });
    expect(pulled).toMatchObject({ digest: index.digest, images: [{ names: [reference] }] });
    expect(pulled.skipped).toMatchObject([{ reason: "attestation" }]);
    const requests = registry.requests();
    expect(requests.slice(0, 2)).toEqual(["GET manifest 1", `GET manifest ${images[1]?.digest}`]);
    expect(requests).toHaveLength(5);
    // By its name the manifest is known now.
    await pull({ platform: "linux/arm64" });
    expect(registry.requests()).toEqual(["GET manifest 1"]);
    await expect(pull({ platform: "linux/s390x" })).rejects.toMatchObject({
      code: "SOURCE_NOT_FOUND",
      message: expect.stringContaining("linux/amd64"),
    });
  });

  it("gives the images for all platforms, each base once, and the name to the one for the platform", async () => {
    await serveIndex();
    const { images, layersAdded } = await pull({ allPlatforms: true, platform: "linux/386" });
    expect(images.map(({ names }) => names)).toEqual([[], [], [reference]]);
    expect(layersAdded).toBe(4);
    expect((await graph.get(reference)).record.architecture).toBe("386");
  });

  it("lacks an image that is listed, and the others come", async () => {
    const { images } = await serveIndex();
    const absent = images[0]?.digest ?? "";
    registry.onRequest = (request) => {
      if (request !== `GET manifest ${absent}`) return;
      throw new StevedoreError("SOURCE_NOT_FOUND", "it is gone");
    };
    const pulled = await pull({ allPlatforms: true, platform: "linux/386" });
    expect(pulled.images).toHaveLength(2);
    expect(pulled.skipped).toContainEqual(expect.objectContaining({ digest: absent, reason: "absent" }));
  });
});

describe("a pull is refused", () => {
  it("of a manifest of schema 1, by its name", async () => {
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 1, name: "team/web", fsLayers: [], history: [] }),
    );
    registry.store("team/web", "1", "application/vnd.docker.distribution.manifest.v1+prettyjws", bytes);
    await expect(pull()).rejects.toMatchObject({
      code: "BAD_ARCHIVE",
      message: expect.stringContaining("schema 1"),
    });
  });

  it("of an artifact", async () => {
    await serve({
      configDescriptor: (descriptor) => ({ ...descriptor, mediaType: "application/vnd.example.chart+json" }),
    });
    await expect(pull()).rejects.toMatchObject({
      code: "BAD_ARCHIVE",
      message: expect.stringContaining("no images"),
    });
    expectNoTrace(root);
  });

  it.each([
    ["a layer with other bytes", 1, "SOURCE_MISMATCH", /the blob sha256:/],
    ["a config with other bytes", 0, "SOURCE_MISMATCH", /expected sha256:/],
  ])("of %s, and nothing is left", async (_, at, code, message) => {
    const layout = await serve();
    const { manifest } = imageOf(layout, "web:1");
    const { digest } = [manifest.config, ...manifest.layers][at] as Descriptor;
    const bytes = Buffer.from(registry.blobs("team/web").get(digest) as Buffer);
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    registry.blobs("team/web").set(digest, bytes);
    await expect(pull()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expectNoTrace(root);
  });

  it("of a layer that is encrypted, and of a foreign one that the registry has not", async () => {
    const layer = (suffix: string) => (descriptor: Descriptor) => ({ ...descriptor, mediaType: suffix });
    await serve({ layer: layer(`${mediaTypes.layer}+gzip+encrypted`) });
    await expect(pull()).rejects.toMatchObject({
      code: "BAD_ARCHIVE",
      message: expect.stringContaining("encrypted"),
    });
    await serve({ layer: layer("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip") }, "2");
    const foreign = "example.org/team/web:2";
    expect(await pullInto(graph, registry, foreign)).toMatchObject({ layersAdded: 2 });
    const other = await openGraph(await scratch.fresh(), { create: true });
    registry.blobs("team/web").delete(digestOf(gzipSync(smallLayers[0] as Buffer)));
    await expect(pullInto(other, registry, foreign)).rejects.toMatchObject({
      code: "BAD_ARCHIVE",
      message: expect.stringContaining("foreign"),
    });
    await other.close();
  });

  it("by a cancellation, and nothing is left", async () => {
    await serve();
    const stop = new AbortController();
    registry.onRequest = (request) => {
      if (request.startsWith("GET blob")) stop.abort();
    };
    await expect(pull({ signal: stop.signal })).rejects.toMatchObject({ code: "CANCELLED" });
    expectNoTrace(root);
  });
});
