// What must be true of a graph and of a registry after any pull or push, ended or not: nothing half, nothing left, every byte
// what it was made as. The registry is judged by its files, and by skopeo and umoci.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { auditGraph } from "../../../src/audit/index.js";
import type { Graph } from "../../../src/graph/index.js";
import { skopeoCopy, umociUnpack } from "../../support/images/peers.js";
import { shell } from "../../support/processes/shell.js";
import { sha256, type TrueImage, type TrueLayer } from "./images.js";

/** Finds damage, staging, leases and images without their parents. */
export async function auditRoot(graph: Graph): Promise<string[]> {
  const findings: string[] = [];
  for await (const finding of auditGraph(graph)) findings.push(`check: ${JSON.stringify(finding)}`);
  for (const place of [join(graph.directory, ":tmp:"), join(graph.root, "leases")]) {
    for (const name of namesIn(place)) findings.push(`${place}/${name} was left`);
  }
  for (const id of await idsOf(graph)) {
    const parent = JSON.parse(readFileSync(join(graph.directory, id, "json"), "utf8")).parent;
    if (parent !== undefined && !existsSync(join(graph.directory, parent, "json")))
      findings.push(`the image ${id} has no ${parent} below it`);
  }
  return findings;
}

/** The ids of all images, by the directory. */
export async function idsOf(graph: Pick<Graph, "directory">): Promise<string[]> {
  return namesIn(graph.directory)
    .filter((name) => !name.startsWith(":") && !name.startsWith("."))
    .filter((name) => existsSync(join(graph.directory, name, "json")))
    .sort();
}

/** Compares images of a graph with what they were made as: their ids, their chains, every file. */
export async function auditPulled(graph: Graph, images: readonly TrueImage[]): Promise<string[]> {
  const findings: string[] = [];
  for (const { id, layers } of images) {
    if (!(await graph.exists(id))) {
      findings.push(`the image ${id} is not in the graph`);
      continue;
    }
    const chain = (await graph.history(id)).toReversed().map((image) => image.id);
    let below = "";
    const expected = layers.map(({ diffId }) => {
      below = sha256(`${below}\n${diffId}\n`);
      return below;
    });
    if (`${chain}` !== `${[...expected, id]}`) findings.push(`the image ${id} is ${chain}, not ${expected}`);
    else
      for (const [at, layer] of layers.entries()) {
        const directory = join(graph.directory, expected[at] ?? "", "layer");
        findings.push(...differences(`the layer ${expected[at]}`, filesBelow(directory), layer.files));
      }
  }
  return findings;
}

/** What was pushed, and what it must be. */
export interface ExpectedPush {
  /** Of the manifest, if that is known. */
  readonly digest: string | undefined;
  /** Of an image that has a config of its own. */
  readonly id: string | undefined;
  readonly diffIds: readonly string[] | undefined;
  readonly files: ReadonlyMap<string, string>;
}

/** Lets skopeo pull what was pushed, and compares its digests; and umoci unpack it, and compares its files. */
export async function auditPushed(
  reference: string,
  expected: ExpectedPush,
  directory: string,
  options: readonly string[],
  isUnpacked: boolean,
): Promise<string[]> {
  const findings: string[] = [];
  const pulled = join(directory, "pulled");
  await skopeoCopy(`docker://${reference}`, `dir:${pulled}`, ...options);
  const read = (digest: string) => readFileSync(join(pulled, digest.replace("sha256:", "")));
  const bytes = readFileSync(join(pulled, "manifest.json"));
  if (expected.digest !== undefined && `sha256:${sha256(bytes)}` !== expected.digest)
    findings.push(`${reference} is ${sha256(bytes)}, not ${expected.digest}`);
  const { config, layers } = JSON.parse(bytes.toString());
  if (expected.id !== undefined && config.digest !== `sha256:${expected.id}`)
    findings.push(`${reference} has the config ${config.digest}, not ${expected.id}`);
  const diffIds: string[] = JSON.parse(read(config.digest).toString()).rootfs.diff_ids;
  if (expected.diffIds !== undefined && `${diffIds}` !== `${expected.diffIds}`)
    findings.push(`${reference} has the diffIDs ${diffIds}, not ${expected.diffIds}`);
  for (const [at, layer] of layers.entries()) {
    const path = join(pulled, layer.digest.replace("sha256:", ""));
    const plain = /gzip$/.test(layer.mediaType)
      ? "gzip -dc"
      : /zstd$/.test(layer.mediaType)
        ? "zstd -dc"
        : "cat";
    const digest = (await shell(`${plain} < ${path} | sha256sum`)).toString("latin1").slice(0, 64);
    if (`sha256:${digest}` !== diffIds[at])
      findings.push(`the layer ${layer.digest} of ${reference} is ${digest}, not ${diffIds[at]}`);
  }
  // umoci knows no zstd.
  const isZstd = layers.some(({ mediaType }: { mediaType: string }) => mediaType.endsWith("zstd"));
  if (!isUnpacked || isZstd || findings.length > 0) return findings;
  await skopeoCopy(`dir:${pulled}`, `oci:${join(directory, "layout")}:it`);
  const tree = await umociUnpack(`${join(directory, "layout")}:it`, join(directory, "bundle"));
  return differences(reference, filesBelow(tree), expected.files);
}

/** The files of layers on top of each other. */
export function flatten(layers: readonly Pick<TrueLayer, "files">[]): Map<string, string> {
  const all = new Map<string, string>();
  for (const { files } of layers) {
    for (const path of files.keys()) if (path.includes("/.wh.")) all.delete(path.replace("/.wh.", "/"));
    for (const [path, digest] of files) if (!path.includes("/.wh.")) all.set(path, digest);
  }
  return all;
}

/** Blobs that were seen to be whole, by their files. */
const whole = new Map<string, number>();

/** Finds manifests of a registry that lack a blob, and blobs that are another than they are called. */
export function auditRegistryFiles(directory: string): string[] {
  const findings: string[] = [];
  const base = join(directory, "storage/docker/registry/v2");
  const blobPath = (digest: string) => {
    const hex = digest.replace("sha256:", "");
    return join(base, "blobs/sha256", hex.slice(0, 2), hex, "data");
  };
  for (const shelf of namesIn(join(base, "blobs/sha256"))) {
    for (const hex of namesIn(join(base, "blobs/sha256", shelf))) {
      const path = blobPath(hex);
      if (!existsSync(path)) continue;
      const { mtimeMs } = statSync(path);
      if (whole.get(path) === mtimeMs) continue;
      if (sha256(readFileSync(path)) !== hex) findings.push(`the registry has another blob as ${hex}`);
      else whole.set(path, mtimeMs);
    }
  }
  for (const repository of repositoriesBelow(join(base, "repositories"))) {
    const revisions = join(repository, "_manifests/revisions/sha256");
    for (const hex of namesIn(revisions)) {
      if (!existsSync(join(revisions, hex, "link"))) continue;
      const content = JSON.parse(readFileSync(blobPath(hex), "utf8"));
      const { config, layers = [], manifests = [] } = content;
      for (const { digest } of [...(config ? [config] : []), ...layers]) {
        const link = join(repository, "_layers/sha256", digest.replace("sha256:", ""), "link");
        if (!existsSync(link) || !existsSync(blobPath(digest)))
          findings.push(`${repository} has the manifest ${hex}, and not its ${digest}`);
      }
      for (const { digest } of manifests) {
        if (!existsSync(join(revisions, digest.replace("sha256:", ""), "link")))
          findings.push(`${repository} has the index ${hex}, and not its ${digest}`);
      }
    }
  }
  return findings;
}

function repositoriesBelow(directory: string): string[] {
  return namesIn(directory).flatMap((name) => {
    if (name === "_manifests") return [directory];
    return name.startsWith("_") ? [] : repositoriesBelow(join(directory, name));
  });
}

function differences(
  what: string,
  actual: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, string>,
): string[] {
  const paths = new Set([...actual.keys(), ...expected.keys()]);
  return [...paths]
    .filter((path) => actual.get(path) !== expected.get(path))
    .map((path) => `${what} has ${path} as ${actual.get(path)}, not ${expected.get(path)}`);
}

function filesBelow(directory: string, under = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const each of readdirSync(join(directory, under), { withFileTypes: true })) {
    const path = join(under, each.name);
    if (each.isDirectory()) for (const [name, digest] of filesBelow(directory, path)) found.set(name, digest);
    else
      found.set(
        path,
        createHash("sha256")
          .update(readFileSync(join(directory, path)))
          .digest("hex"),
      );
  }
  return found;
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
