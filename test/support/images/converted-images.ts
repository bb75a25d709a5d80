// The same images in each form that is about: by skopeo where it writes it, else by tar and what it was told.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { shell } from "../processes/shell.js";
import { type Descriptor, imageOf, refName, writeIndex } from "./oci-layout.js";
import { skopeoCopy } from "./peers.js";

/** An entry of a docker-archive's `manifest.json`. */
export interface DockerManifest {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

/** Packs a directory as it is, as one who archives a layout by hand. */
export async function packDirectory(directory: string, archive: string, through = "cat"): Promise<string> {
  await shell(`tar -C ${directory} -cf - . | ${through} > ${archive}`);
  return archive;
}

/**
 * One docker-archive of several, as `docker save` of several images writes it: files of the same name are the same.
 * skopeo writes only one image into an archive.
 */
export async function mergeDockerArchives(archives: readonly string[], merged: string): Promise<string> {
  const directory = `${merged}.d`;
  mkdirSync(directory);
  const manifests = archives.flatMap((archive) => {
    execFileSync("tar", ["-C", directory, "-xf", archive]);
    return readDockerManifest(directory);
  });
  writeFileSync(join(directory, "manifest.json"), JSON.stringify(manifests));
  rmSync(join(directory, "repositories"));
  return packDirectory(directory, merged);
}

/**
 * The same docker-archive with layers under the names that Docker 1.10 to 24 gave them, `<id>/layer.tar`; of a layer
 * that several images have, that is a symlink.
 */
export async function linkDockerLayers(archive: string, linked: string): Promise<string> {
  const directory = `${linked}.d`;
  mkdirSync(directory);
  execFileSync("tar", ["-C", directory, "-xf", archive]);
  const links = execFileSync("find", [directory, "-name", "layer.tar", "-printf", "%P %l\n"], {
    encoding: "utf8",
  });
  const linkOf = new Map(
    links.split("\n").map((line) => {
      const [path = "", target = ""] = line.split(" ");
      return [basename(target), path] as const;
    }),
  );
  const manifests = readDockerManifest(directory).map((manifest) => ({
    ...manifest,
    Layers: manifest.Layers.map((layer) => linkOf.get(layer) ?? layer),
  }));
  // The first is a file of its own; the others stay links.
  const [first = ""] = manifests[0]?.Layers ?? [];
  const [target = ""] = [...linkOf].find(([, path]) => path === first) ?? [];
  renameSync(join(directory, target), join(directory, first));
  execFileSync("ln", ["-s", first, join(directory, target)]);
  writeFileSync(join(directory, "manifest.json"), JSON.stringify(manifests));
  return packDirectory(directory, linked);
}

/** What skopeo writes for Dockers older than 1.10, by itself: `repositories` and a directory for each layer. */
export async function withoutManifest(archive: string, legacy: string): Promise<string> {
  const directory = `${legacy}.d`;
  mkdirSync(directory);
  execFileSync("tar", ["-C", directory, "-xf", archive]);
  const files = readDockerManifest(directory).map(({ Config }) => Config);
  for (const file of [...files, "manifest.json"]) rmSync(join(directory, file));
  return packDirectory(directory, legacy);
}

/** Reads the `manifest.json` of an archive that was unpacked. */
export function readDockerManifest(directory: string): DockerManifest[] {
  return JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8"));
}

/** Copies one image of a layout into a docker-archive of its own, under a whole name. */
export async function toDockerArchive(image: string, archive: string, name: string): Promise<string> {
  await skopeoCopy(`oci:${image}`, `docker-archive:${archive}:${name}`);
  return archive;
}

/**
 * What `docker save` writes since Docker 25: a layout that is a docker-archive too, its layers not compressed.
 * @param name the whole name that the image gets
 */
export async function toDocker25(
  layout: string,
  tag: string,
  archive: string,
  name: string,
): Promise<string> {
  const directory = `${archive}.d`;
  const uncompressed = [
    `oci:${directory}:${name}`,
    "--dest-decompress",
    "--dest-oci-accept-uncompressed-layers",
  ];
  const [to = "", ...options] = uncompressed;
  await skopeoCopy(`oci:${layout}:${tag}`, to, ...options);
  const { manifest, descriptor } = imageOf(directory, name);
  const annotations = { "io.containerd.image.name": name, [refName]: name.slice(name.lastIndexOf(":") + 1) };
  writeIndex(directory, [{ ...descriptor, annotations }]);
  const path = ({ digest }: Descriptor) => `blobs/${digest.replace(":", "/")}`;
  const entry = { Config: path(manifest.config), RepoTags: [name], Layers: manifest.layers.map(path) };
  writeFileSync(join(directory, "manifest.json"), JSON.stringify([entry]));
  return packDirectory(directory, archive);
}
