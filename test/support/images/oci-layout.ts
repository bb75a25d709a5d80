// An OCI image layout, read and changed by hand (OCI image spec 1.1: image-layout.md, manifest.md, image-index.md), apart
// from the code under test.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
}

export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
}

export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
  readonly history?: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
  readonly "org.stevedore.records"?: readonly string[];
}

export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
} as const;

/** The annotation that names an image of a layout. */
export const refName = "org.opencontainers.image.ref.name";

/** Makes an empty layout in a directory that is not there. */
export function makeLayout(layout: string): void {
  mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeIndex(layout, []);
}

/** Writes `index.json`. */
export function writeIndex(layout: string, manifests: readonly Descriptor[]): void {
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}

/** Reads `index.json`. */
export function readIndex(layout: string): Index {
  return JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
}

/** Where a blob lies. */
export function blobPath(layout: string, digest: string): string {
  return join(layout, "blobs", digest.replace(":", "/"));
}

/** Adds a blob, and returns its descriptor. */
export function addBlob(layout: string, mediaType: string, content: Buffer | object): Descriptor {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  writeFileSync(blobPath(layout, digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** Reads a blob that holds JSON. */
export function readBlob<T>(layout: string, { digest }: Descriptor): T {
  return JSON.parse(readFileSync(blobPath(layout, digest), "utf8"));
}

/** What a layout holds under a name: the whole annotation. */
export function imageOf(
  layout: string,
  name: string,
): { readonly descriptor: Descriptor; readonly manifest: Manifest; readonly config: ImageConfig } {
  const { manifests } = readIndex(layout);
  const descriptor = manifests.find(({ annotations }) => annotations?.[refName] === name);
  if (descriptor === undefined) throw new Error(`no ${name} in ${layout}: ${JSON.stringify(manifests)}`);
  const manifest = readBlob<Manifest>(layout, descriptor);
  return { descriptor, manifest, config: readBlob<ImageConfig>(layout, manifest.config) };
}

/** How a layer's blob may be compressed: the command that does it, and what the media type ends in. */
export const compressions = {
  none: { command: ["cat"], suffix: "" },
  gzip: { command: ["gzip", "-n", "-6"], suffix: "+gzip" },
  zstd: { command: ["zstd", "-q", "-3"], suffix: "+zstd" },
  // Not in the specification; by the rule of its names.
  xz: { command: ["xz", "-0"], suffix: "+xz" },
} as const;

/** A layer's archive, without its compression: told by the tools' own test of it. */
export function plainLayer(layout: string, { digest }: Descriptor): Buffer {
  const path = blobPath(layout, digest);
  return execFileSync(
    "bash",
    ["-c", 'for tool in gzip zstd xz; do "$tool" -qdc < "$1" 2>/dev/null && exit; done; cat "$1"', "-", path],
    { maxBuffer: 1024 ** 3 },
  );
}

/**
 * Adds an image of a layout once more under another name, its layers compressed in turn by these.
 * @returns the new manifest's descriptor
 */
export function recompress(
  layout: string,
  name: string,
  newName: string,
  by: readonly (keyof typeof compressions)[],
): Descriptor {
  const { manifest } = imageOf(layout, name);
  const layers = manifest.layers.map((layer, at) => {
    const { command, suffix } = compressions[by[at % by.length] ?? "none"];
    const [program, ...args] = command;
    const blob = execFileSync(program, args, { input: plainLayer(layout, layer), maxBuffer: 1024 ** 3 });
    return addBlob(layout, `${mediaTypes.layer}${suffix}`, blob);
  });
  const descriptor = addBlob(layout, mediaTypes.manifest, { ...manifest, layers });
  const named = { ...descriptor, annotations: { [refName]: newName } };
  writeIndex(layout, [...readIndex(layout).manifests, named]);
  return named;
}
