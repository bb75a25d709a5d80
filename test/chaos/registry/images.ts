// Random images whose every byte is known, and how they come into a registry: by plain requests, apart from the code on trial.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { SeededRandom } from "../../support/seeded-random.js";
import { archive, entry } from "../../support/trees/crafted-tar.js";

/** A layer as it was made. */
export interface TrueLayer {
  readonly diffId: string;
  readonly plain: Buffer;
  /** What its directory holds: the sha256 of each file by its path. */
  readonly files: ReadonlyMap<string, string>;
}

/** An image for one platform. */
export interface TrueImage {
  /** Hex sha256 of the config. */
  readonly id: string;
  readonly layers: readonly TrueLayer[];
  readonly architecture: string;
}

/** What a tag stands for. */
export interface TrueReference {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  /** The one for this host first. */
  readonly images: readonly TrueImage[];
}

interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

export function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes that no program makes smaller. */
export function randomBytesOf(random: SeededRandom, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(Math.floor(random.next() * 2 ** 32), at);
  return bytes;
}

/** Makes a layer. Some are larger than what is sent in one request. @param isLarge whether this one is */
export function makeLayer(random: SeededRandom, isLarge: boolean): TrueLayer {
  const files = new Map<string, string>();
  const parts: Buffer[] = [];
  const directory = random.pick(["etc", "usr", "opt"]);
  parts.push(entry({ name: `${directory}/`, type: "5", mode: 0o755 }));
  for (let count = random.between(1, 4); count > 0; count--) {
    const name = `${directory}/${random.chance(0.1) ? ".wh." : ""}f${random.between(0, 9)}-${count}`;
    const isWhiteout = name.includes(".wh.");
    const length = isWhiteout ? 0 : random.between(0, 9) ** 4 + (isLarge && count === 1 ? 1_300_000 : 0);
    const content = randomBytesOf(random, length);
    if (files.has(name)) continue;
    files.set(name, sha256(content));
    parts.push(entry({ name }, content));
  }
  const plain = archive(...parts);
  return { diffId: `sha256:${sha256(plain)}`, plain, files };
}

const types = {
  oci: {
    index: "application/vnd.oci.image.index.v1+json",
    manifest: "application/vnd.oci.image.manifest.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    layer: { none: "", gzip: "+gzip", zstd: "+zstd" },
    layerBase: "application/vnd.oci.image.layer.v1.tar",
  },
  docker: {
    index: "application/vnd.docker.distribution.manifest.list.v2+json",
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    config: "application/vnd.docker.container.image.v1+json",
    layer: { none: "", gzip: ".gzip", zstd: ".zstd" },
    layerBase: "application/vnd.docker.image.rootfs.diff.tar",
  },
} as const;

const host = process.arch === "x64" ? "amd64" : process.arch;

/** Makes images that share their bases with earlier ones, and puts them into a registry. */
export function openImageMill(random: SeededRandom, registry: RegistryAccess) {
  const chains: (readonly TrueLayer[])[] = [];
  const packed = new Map<string, Blob>();

  function pack(layer: TrueLayer, compression: "none" | "gzip" | "zstd"): Blob {
    const key = `${layer.diffId} ${compression}`;
    const known = packed.get(key);
    if (known !== undefined) return known;
    const bytes =
      compression === "none"
        ? layer.plain
        : compression === "gzip"
          ? gzipSync(layer.plain, { level: 1 })
          : execFileSync("zstd", ["-q", "-1", "-c"], { input: layer.plain, maxBuffer: 2 ** 28 });
    const blob = { digest: `sha256:${sha256(bytes)}`, bytes };
    packed.set(key, blob);
    return blob;
  }

  return {
    /** Makes a reference's worth. @param isHeavy for images of some MB */
    async make(repository: string, tag: string, isHeavy = false): Promise<TrueReference> {
      const format = random.pick(["oci", "oci", "docker"] as const);
      const names = types[format];
      const isIndex = random.chance(0.3);
      const architectures = isIndex ? [host, host === "arm64" ? "amd64" : "arm64"] : [host];
      const blobs: Blob[] = [];
      const images: TrueImage[] = [];
      const manifests = architectures.map((architecture) => {
        const below = chains.length > 0 && random.chance(0.7) ? random.pick(chains) : [];
        const base = below.slice(0, random.between(0, below.length));
        const own = Array.from({ length: random.between(base.length === 0 ? 1 : 0, 3) }, (_, at) =>
          makeLayer(random, isHeavy || (at === 0 && random.chance(0.15))),
        );
        const layers = [...base, ...own].slice(0, 8);
        chains.push(layers);
        const config = Buffer.from(
          JSON.stringify({
            ...{ architecture, os: "linux", created: "2024-05-01T00:00:00Z" },
            config: { Cmd: ["/bin/sh"], Labels: { made: `${random.next()}` } },
            rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
            history: layers.map((_, at) => ({ created_by: `step ${at}` })),
          }),
        );
        blobs.push({ digest: `sha256:${sha256(config)}`, bytes: config });
        const described = layers.map((layer) => {
          const compression = random.pick(
            format === "oci"
              ? (["none", "gzip", "gzip", "zstd"] as const)
              : (["gzip", "gzip", "none"] as const),
          );
          const blob = pack(layer, compression);
          blobs.push(blob);
          const mediaType = `${names.layerBase}${names.layer[compression]}`;
          return { mediaType, digest: blob.digest, size: blob.bytes.length };
        });
        images.push({ id: sha256(config), layers, architecture });
        const manifest = {
          schemaVersion: 2,
          mediaType: names.manifest,
          config: { mediaType: names.config, digest: `sha256:${sha256(config)}`, size: config.length },
          layers: described,
        };
        return { bytes: Buffer.from(JSON.stringify(manifest)), architecture };
      });
      for (const blob of new Map(blobs.map((each) => [each.digest, each])).values()) {
        await registry.putBlob(repository, blob);
      }
      let top = manifests[0]?.bytes as Buffer;
      let topType: string = names.manifest;
      if (isIndex) {
        const described = [];
        for (const { bytes, architecture } of manifests) {
          const digest = `sha256:${sha256(bytes)}`;
          await registry.putManifest(repository, digest, names.manifest, bytes);
          const platform = { os: "linux", architecture };
          described.push({ mediaType: names.manifest, digest, size: bytes.length, platform });
        }
        top = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: names.index, manifests: described }));
        topType = names.index;
      }
      await registry.putManifest(repository, tag, topType, top);
      return { repository, tag, digest: `sha256:${sha256(top)}`, images };
    },
  };
}

/** A registry, asked by plain requests. */
export interface RegistryAccess {
  putBlob(repository: string, blob: Blob): Promise<void>;
  putManifest(repository: string, reference: string, mediaType: string, bytes: Buffer): Promise<void>;
}

/** Opens one by its URL. @param authorization as its requests bring it */
export function accessRegistry(url: string, authorization: string): RegistryAccess {
  const ask = async (path: string | URL, method: string, expected: number, body?: Buffer, type?: string) => {
    const headers = { authorization, ...(type === undefined ? {} : { "content-type": type }) };
    const answer = await fetch(new URL(path, url), {
      method,
      headers,
      ...(body && { body: new Uint8Array(body) }),
    });
    await answer.arrayBuffer();
    if (answer.status !== expected) throw new Error(`${method} ${path}: ${answer.status}`);
    return answer;
  };
  return {
    async putBlob(repository, { digest, bytes }) {
      const begun = await ask(`/v2/${repository}/blobs/uploads/`, "POST", 202);
      const target = new URL(begun.headers.get("location") ?? "", url);
      target.searchParams.set("digest", digest);
      await ask(target, "PUT", 201, bytes, "application/octet-stream");
    },
    async putManifest(repository, reference, mediaType, bytes) {
      await ask(`/v2/${repository}/manifests/${reference}`, "PUT", 201, bytes, mediaType);
    },
  };
}
