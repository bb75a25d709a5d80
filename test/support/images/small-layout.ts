// A small OCI layout of one image, made by hand, to be spoilt: every byte of it is this file's and oci-layout.ts's.
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { archive, entry } from "../trees/crafted-tar.js";
import { addBlob, type Descriptor, makeLayout, mediaTypes, refName, writeIndex } from "./oci-layout.js";

/** What of it may be other than it is: each gets what it would be. */
export interface SmallLayout {
  /** The archives of the layers, the base's first. */
  readonly layers?: readonly Buffer[];
  /** Whether none is compressed. */
  readonly isPlain?: boolean;
  readonly config?: (config: object) => object;
  /** Gets a layer's descriptor, and its place. */
  readonly layer?: (descriptor: Descriptor, at: number) => object;
  readonly configDescriptor?: (descriptor: Descriptor) => object;
  readonly manifest?: (manifest: object) => object;
  readonly index?: (descriptor: Descriptor) => readonly object[];
}

/** The first is stored compressed by gzip, the second as it is. */
export const smallLayers: readonly Buffer[] = [
  archive(entry({ name: "etc/", type: "5", mode: 0o755 }), entry({ name: "etc/motd" }, "welcome\n")),
  archive(entry({ name: "etc/.wh.motd" }), entry({ name: "etc/issue" }, "served\n")),
];

/** The digest of some bytes, as OCI writes it. */
export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Makes one in a directory that is not there. Its only image is `web:1`. */
export function makeSmallLayout(layout: string, other: SmallLayout = {}): Descriptor {
  const { layers = smallLayers, isPlain = false, config, layer, configDescriptor, manifest, index } = other;
  makeLayout(layout);
  const content = {
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["/bin/sh"] },
    rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
  };
  const { config: ofConfig, layer: ofLayer, manifest: ofManifest } = mediaTypes;
  const configured = addBlob(layout, ofConfig, config?.(content) ?? content);
  const descriptors = layers.map((plain, at) => {
    const isPacked = !isPlain && at % 2 === 0;
    const blob = isPacked ? gzipSync(plain) : plain;
    const descriptor = addBlob(layout, isPacked ? `${ofLayer}+gzip` : ofLayer, blob);
    return layer?.(descriptor, at) ?? descriptor;
  });
  const listed = {
    schemaVersion: 2,
    mediaType: ofManifest,
    config: configDescriptor?.(configured) ?? configured,
    layers: descriptors,
  } as const;
  const image = {
    ...addBlob(layout, ofManifest, manifest?.(listed) ?? listed),
    annotations: { [refName]: "web:1" },
  };
  writeIndex(layout, (index?.(image) ?? [image]) as Descriptor[]);
  return image;
}
