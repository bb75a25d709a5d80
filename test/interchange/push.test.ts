// What a push sends, and what it leaves out, to a registry in memory.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Graph, makeRecord, openGraph } from "../../src/graph/index.js";
import type { LayerProgress } from "../../src/interchange/index.js";
import { freeThreads } from "../support/images/exporting.js";
import { imageOf } from "../support/images/oci-layout.js";
import { digestOf, makeSmallLayout, type SmallLayout, smallLayers } from "../support/images/small-layout.js";
import { type MemoryRegistry, memoryRegistry } from "../support/registry/memory-registry.js";
import { pullInto, pushFrom } from "../support/registry/transfers.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const reference = "example.org/team/web:1";
let registry: MemoryRegistry;
let graph: Graph;

beforeEach(async () => {
  registry = memoryRegistry();
  graph = await openGraph(await scratch.fresh(), { create: true });
});
afterEach(() => graph.close());

/** Puts a small image into a registry, as `example.org/team/web:1`, and pulls it. */
async function pulled(other: SmallLayout = {}): Promise<ReturnType<typeof imageOf>> {
  const layout = join(await scratch.fresh(), "layout");
  makeSmallLayout(layout, other);
  registry.load(layout, "team/web", "1");
  await pullInto(graph, registry, reference);
  registry.requests();
  return imageOf(layout, "web:1");
}

/** Makes an image of one file on top of another, as `commit` does. */
async function made(id: string, parent?: string): Promise<void> {
  const record = makeRecord({ id, parent, created: "2024-01-01T00:00:00Z", config: { Cmd: ["/made"] } });
  await graph.register({ record }, async (layer) => {
    writeFileSync(join(layer, id), `${id}\n`.repeat(10_000));
    return {};
  });
}

function push(image: string, to: string, options?: Parameters<typeof pushFrom>[4]) {
  return pushFrom(graph, registry, image, to, options);
}

/** The documents of what a tag stands for. */
async function served(repository: string, tag: string) {
  const there = registry.repository(
    { host: "example.org", repository },
    "pull",
    new AbortController().signal,
  );
  const { bytes, mediaType, digest } = await there.manifest(tag);
  const manifest = JSON.parse(bytes.toString());
  const blob = (at: string) => registry.blobs(repository).get(at) as Buffer;
  registry.requests();
  return {
    mediaType,
    digest,
    manifest,
    config: blob(manifest.config.digest),
    layers: manifest.layers.map((layer: { digest: string }) => blob(layer.digest)) as Buffer[],
  };
}

describe("an image that was pulled", () => {
  it("goes out by its own manifest, and where its blobs are that is all that is sent", async () => {
    const { descriptor } = await pulled();
    const pushed = await push(reference, "example.org/team/web:2");
    expect(pushed).toMatchObject({ digest: descriptor.digest, blobsPresent: 3, blobsSent: 0, layers: 2 });
    expect(pushed.bytesSent).toBe(descriptor.size);
    const requests = registry.requests();
    expect(requests.filter((request) => !request.startsWith("HEAD blob"))).toEqual(["PUT manifest 2"]);
    expect(requests).toHaveLength(4);
  });

  it("takes its blobs from another repository of the registry", async () => {
    const { descriptor } = await pulled();
    expect(await push(reference, "example.org/other:1")).toMatchObject({
      digest: descriptor.digest,
      blobsMounted: 3,
      blobsSent: 0,
    });
  });

  it("takes them from a repository that another image with the same layers is named after", async () => {
    const { manifest } = await pulled();
    const [id] = [manifest.config.digest.replace("sha256:", "")];
    const base = (await graph.get(id)).parent ?? "";
    await graph.names.remove([reference]);
    await graph.names.set(new Map([["example.org/team/web:base", base]]));
    const { blobsMounted, blobsSent } = await push(id, "example.org/other:1");
    // The config lies there, too, but nothing in the graph says so.
    expect([blobsMounted, blobsSent]).toEqual([2, 1]);
  });

  it("goes out by its own manifest also where its layers can be sent as they came: uncompressed", async () => {
    const { descriptor } = await pulled({ isPlain: true });
    registry.blobs("team/web").clear();
    const pushed = await push(reference, "example.org/other:1");
    expect(pushed).toMatchObject({
      digest: descriptor.digest,
      blobsSent: 3,
      blobsPresent: 0,
      blobsMounted: 0,
    });
  });

  it("else gets a manifest of its own kind, its layers compressed anew, and keeps its image ID", async () => {
    const { manifest, descriptor } = await pulled();
    registry.blobs("team/web").clear();
    const pushed = await push(reference, "example.org/other:1");
    expect(pushed.digest).not.toBe(descriptor.digest);
    expect(pushed).toMatchObject({ blobsSent: 3, mediaType: descriptor.mediaType });
    const there = await served("other", "1");
    expect(there.manifest.config).toEqual(manifest.config);
    expect(there.layers.map((layer) => digestOf(gunzipSync(layer)))).toEqual(smallLayers.map(digestOf));
    expect(there.digest).toBe(pushed.digest);
    // A second time nothing is read or compressed.
    for (const { id, directory } of await graph.history(reference)) {
      if (id !== manifest.config.digest.replace("sha256:", "")) rmSync(join(directory, "tar-split.gz"));
    }
    const again = await push(reference, "example.org/other:2");
    expect(again).toMatchObject({ digest: pushed.digest, blobsPresent: 3, blobsSent: 0 });
    const requests = registry.requests().filter((request) => !request.startsWith("HEAD blob"));
    expect(requests).toEqual(expect.arrayContaining(["PUT manifest 2"]));
    expect(requests.filter((request) => request.startsWith("PUT"))).toHaveLength(1);
  });

  it("is written in the form that is asked for", async () => {
    const { manifest, descriptor } = await pulled();
    const docker = await push(reference, "example.org/team/web:docker", { format: "docker" });
    expect(docker.mediaType).toBe("application/vnd.docker.distribution.manifest.v2+json");
    const there = await served("team/web", "docker");
    expect(there.manifest.config).toEqual({
      ...manifest.config,
      mediaType: "application/vnd.docker.container.image.v1+json",
    });
    // The first layer is there as it came.
    expect(there.manifest.layers[0]).toMatchObject({
      digest: manifest.layers[0]?.digest,
      mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    });
    await push(reference, "example.org/team/web:zstd", { compression: "zstd" });
    const zstd = await served("team/web", "zstd");
    expect(zstd.manifest.layers.map((layer: { mediaType: string }) => layer.mediaType)).toEqual(
      Array(2).fill("application/vnd.oci.image.layer.v1.tar+zstd"),
    );
    expect(zstd.manifest.config).toEqual(manifest.config);
    expect(await push(reference, "example.org/team/web:oci", { format: "oci" })).toMatchObject({
      digest: descriptor.digest,
    });
    await expect(
      push(reference, "example.org/team/web:no", { format: "docker", compression: "zstd" }),
    ).rejects.toMatchObject({ code: "INVALID_JOB" });
  });

  it("of which a layer cannot be made again goes out where the registry has it, and nowhere else", async () => {
    const { descriptor, manifest } = await pulled();
    const base = (await graph.history(reference)).at(-1);
    rmSync(join(base?.directory ?? "", "tar-split.gz"));
    expect((await push(reference, "example.org/team/web:2")).digest).toBe(descriptor.digest);
    registry.blobs("team/web").delete(manifest.layers[0]?.digest ?? "");
    await expect(push(reference, "example.org/other:1")).rejects.toMatchObject({
      code: "INVALID_JOB",
      message: expect.stringContaining(base?.id ?? "-"),
    });
  });
});

describe("an image that was made here", () => {
  it("goes out by OCI's manifest, and comes back with its records", async () => {
    await made("base");
    await made("top", "base");
    await graph.names.set(new Map([["mine:1", "top"]]));
    const pushed = await push("mine:1", reference);
    expect(pushed).toMatchObject({
      blobsSent: 3,
      layers: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
    });
    const other = await openGraph(await scratch.fresh(), { create: true });
    try {
      await pullInto(other, registry, reference);
      expect((await other.get(reference)).recordBytes).toEqual((await graph.get("top")).recordBytes);
      registry.requests();
      // Nothing but the manifest, there and here.
      expect(await pullInto(other, registry, reference)).toMatchObject({ layersAdded: 0 });
      expect(registry.requests()).toEqual(["GET manifest 1"]);
      await graph.names.set(new Map([[reference, "top"]]));
      expect(await pullInto(graph, registry, reference)).toMatchObject({ layersAdded: 0 });
      expect(registry.requests()).toEqual(["GET manifest 1"]);
    } finally {
      await other.close();
    }
  });

  it("sends its manifest alone the second time, and only what is new of one on top of it", async () => {
    await made("base");
    const first = await push("base", reference);
    expect(graph.knownBlobs("base")).toMatchObject([{ isMade: true, compression: "gzip" }]);
    registry.requests();
    const second = await push("base", "example.org/team/web:2");
    expect(second).toMatchObject({ digest: first.digest, blobsSent: 0, blobsPresent: 2 });
    expect(registry.requests().filter((request) => !request.startsWith("HEAD"))).toEqual(["PUT manifest 2"]);
    await made("top", "base");
    expect(await push("top", "example.org/team/web:3")).toMatchObject({ blobsPresent: 1, blobsSent: 2 });
  });

  it("on top of one that was pulled keeps the layers of that as they came", async () => {
    const { manifest } = await pulled();
    await made("top", await graph.resolve(reference));
    const pushed = await push("top", "example.org/other:1", { compression: "gzip" });
    expect(pushed).toMatchObject({ blobsMounted: 1, blobsSent: 3, layers: 3 });
    expect((await served("other", "1")).manifest.layers[0].digest).toBe(manifest.layers[0]?.digest);
  });

  it("gives the same bytes with any number of threads", async () => {
    await made("base");
    const noXz = async () => {
      throw new Error("no xz here");
    };
    const digests = new Set<string>();
    for (const count of [1, 4]) {
      const threads = {
        threads: count,
        take: async () => ({ count, [Symbol.dispose]: () => {} }),
        blocks: () => ({ room: noXz, compress: noXz }),
      };
      const { digest } = await push("base", reference, { threads });
      digests.add(digest);
      rmSync(join((await graph.get("base")).directory, "blobs.json"));
      registry.blobs("team/web").clear();
    }
    expect(digests.size).toBe(1);
  });
});

describe("a push", () => {
  it("has given back the threads of a layer when it is remembered", async () => {
    await made("base");
    let isFreed = false;
    let knownBefore: number | undefined;
    const take = async () => ({
      count: 2,
      [Symbol.dispose]() {
        isFreed = true;
        knownBefore = graph.knownBlobs("base").length;
      },
    });
    await push("base", reference, { threads: { ...freeThreads, take } });
    expect({ isFreed, knownBefore, known: graph.knownBlobs("base").length }).toEqual({
      ...{ isFreed: true, knownBefore: 0, known: 1 },
    });
  });

  it("puts the manifest last, and after nothing that failed", async () => {
    await made("base");
    registry.onRequest = (request) => {
      if (request.startsWith("PUT blob")) throw new Error("the registry is full");
    };
    await expect(push("base", reference)).rejects.toThrow("the registry is full");
    expect(registry.requests().filter((request) => request.startsWith("PUT manifest"))).toEqual([]);
    registry.onRequest = undefined;
    await push("base", reference);
    expect(registry.requests().at(-1)).toBe("PUT manifest 1");
  });

  it("keeps its images from deletion while it lasts, under its purpose", async () => {
    await made("base");
    let refusal: unknown;
    registry.onRequest = async (request) => {
      if (!request.startsWith("PUT manifest")) return;
      refusal = await graph.takeOut("base").catch((error: unknown) => error);
    };
    await push("base", reference);
    expect(refusal).toMatchObject({
      code: "IMAGE_IN_USE",
      message: expect.stringContaining("a test's push"),
    });
    expect((await graph.holders()).length).toBe(0);
  });

  it("of one image at the same time to two tags gives both the same", async () => {
    await made("base");
    const [one, two] = await Promise.all([push("base", reference), push("base", "example.org/team/web:2")]);
    expect(one.digest).toBe(two.digest);
    expect(graph.knownBlobs("base")).toHaveLength(1);
  });

  it("to a digest is refused, and so is one of no image", async () => {
    await made("base");
    const digest = digestOf("");
    await expect(push("base", `example.org/a@${digest}`)).rejects.toMatchObject({ code: "INVALID_JOB" });
    await expect(push("absent", reference)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });

  it("leaves nothing in staging, also when it is cancelled", async () => {
    await made("base");
    const stop = new AbortController();
    registry.onRequest = (request) => {
      if (request.startsWith("PUT blob")) stop.abort();
    };
    await push("base", reference, { signal: stop.signal }).catch(() => undefined);
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  });

  it("tells of each layer how it gets on", async () => {
    await pulled();
    await made("top", await graph.resolve(reference));
    let last: readonly LayerProgress[] = [];
    await push("top", "example.org/other:1", {
      onProgress: (_done, _total, layers) => {
        last = [...layers];
      },
    });
    expect(last.map(({ state }) => state)).toEqual(["mounted", "done", "done"]);
  });
});
