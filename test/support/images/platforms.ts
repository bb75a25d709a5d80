// An index of images for several platforms, as builders push it today: nested, with an attestation beside each image.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { addBlob, type Descriptor, imageOf, mediaTypes, refName, writeIndex } from "./oci-layout.js";
import { umoci } from "./peers.js";
import { addLayer } from "./real-images.js";

/** The platforms, and the file by which the tree of each is told. */
export const platforms = {
  "linux/amd64": "is-amd64",
  "linux/arm64/v8": "is-arm64",
} as const;

/**
 * Makes a layout with one name, `many`, that stands for an index of an index of images.
 * @param directory one that is not there; the layout's path is returned
 */
export async function makePlatforms(directory: string): Promise<string> {
  const layout = join(directory, "layout");
  mkdirSync(directory);
  await umoci("init", "--layout", layout);
  const images: Descriptor[] = [];
  for (const [platform, file] of Object.entries(platforms)) {
    const [os = "", architecture = "", variant] = platform.split("/");
    await umoci("new", "--image", `${layout}:${file}`);
    await umoci("config", "--image", `${layout}:${file}`, "--os", os, "--architecture", architecture);
    await addLayer(`${layout}:${file}`, directory, file, `echo ${architecture} > ${file}`);
    const { mediaType, digest, size } = imageOf(layout, file).descriptor;
    const known = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    images.push({ mediaType, digest, size, platform: known }, attestation(layout, digest));
  }
  const inner = addBlob(layout, mediaTypes.index, index(images));
  const outer = addBlob(layout, mediaTypes.index, index([inner]));
  writeIndex(layout, [{ ...outer, annotations: { [refName]: "many" } }]);
  return layout;
}

function index(manifests: readonly Descriptor[]) {
  return { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
}

/** As BuildKit describes how an image was built: a manifest of no platform. */
function attestation(layout: string, of: string): Descriptor {
  const statement = addBlob(layout, "application/vnd.in-toto+json", { subject: [{ name: of }] });
  const config = addBlob(layout, mediaTypes.config, {
    architecture: "unknown",
    os: "unknown",
    rootfs: { type: "layers", diff_ids: [statement.digest] },
  });
  const descriptor = addBlob(layout, mediaTypes.manifest, { schemaVersion: 2, config, layers: [statement] });
  const annotations = {
    "vnd.docker.reference.digest": of,
    "vnd.docker.reference.type": "attestation-manifest",
  };
  return { ...descriptor, annotations, platform: { architecture: "unknown", os: "unknown" } };
}
