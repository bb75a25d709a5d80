// Images of several layers that a trial imports, and whether each came in whole, with its name, or not at all; by tar, sha256sum
// and the files of the root.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeSmallLayout } from "../../support/images/small-layout.js";
import { shell } from "../../support/processes/shell.js";
import type { SeededRandom } from "../../support/seeded-random.js";
import { canonicalTar } from "../auditor/shell-lines.js";
import type { Content } from "../contents.js";
import { sha256 } from "../registry/images.js";

export interface ImportedImage {
  /** The layout's directory. */
  readonly source: string;
  /** Repository and tag that it is imported as. */
  readonly name: string;
  /** Hex sha256 of its config. */
  readonly id: string;
  /** The images of its layers, the base's first. */
  readonly layers: readonly { readonly id: string; readonly content: Content }[];
}

/** Makes a layout of a few of the contents, most of them on the same base. */
export async function makeImported(
  sources: string,
  name: string,
  contents: readonly Content[],
  random: SeededRandom,
): Promise<ImportedImage> {
  const chosen = [
    ...(random.chance(0.7) ? contents.slice(0, random.between(1, 2)) : []),
    ...random.some(contents, random.between(1, 3)),
  ];
  const source = join(sources, `layout-${random.between(0, 2 ** 31)}`);
  const archives = await Promise.all(chosen.map(({ tree }) => shell(canonicalTar(tree))));
  const diffIds = archives.map((bytes) => `sha256:${sha256(bytes)}`);
  let id = "";
  // An image of its own, whatever layers it shares.
  makeSmallLayout(source, {
    layers: archives,
    config(content) {
      const own = { ...content, config: { Labels: { made: name } } };
      id = sha256(JSON.stringify(own));
      return own;
    },
  });
  let below = "";
  const layers = chosen.map((content, at) => {
    below = sha256(`${below}\n${diffIds[at]}\n`);
    return { id: below, content };
  });
  return { source, name, id, layers };
}

export interface ImportAuditOptions {
  /** Imports that were answered to have ended well. */
  readonly done: readonly ImportedImage[];
  /** Those that may have. */
  readonly open: readonly ImportedImage[];
  /** False while a set that is decided may still be on its way into the graph. */
  readonly isSettled: boolean;
}

/** Finds imported images that are gone, half, or named without being there. */
export async function auditImported(root: string, options: ImportAuditOptions): Promise<string[]> {
  const { done, open, isSettled } = options;
  const findings: string[] = [];
  const has = (id: string) => existsSync(join(root, "graph", id));
  const names = namesOf(root);
  if (names === undefined) return ["the file repositories is half"];
  for (const { name, id, layers } of done) {
    const missing = [...layers, { id }].filter((image) => !has(image.id));
    if (missing.length > 0) findings.push(`of ${name}, which was imported, ${missing[0]?.id} is gone`);
    if (names.get(name) !== id) findings.push(`${name}, which was imported, stands for ${names.get(name)}`);
  }
  for (const { name, id, layers } of open) {
    const [first] = layers.filter((layer) => !has(layer.id));
    if (isSettled && has(id) && first !== undefined) findings.push(`${name} is there without ${first.id}`);
    if (isSettled && names.has(name) && !has(id))
      findings.push(`${name} stands for an image that is not there`);
  }
  const audited = new Set<string>();
  for (const { id, layers } of [...done, ...open]) {
    if (has(id) && sha256(read(join(root, "graph", id, "config.json"))) !== id)
      findings.push(`the image ${id} has another config`);
    for (const layer of layers.filter((each) => has(each.id) && !audited.has(each.id))) {
      audited.add(layer.id);
      findings.push(...(await auditLayer(join(root, "graph", layer.id), layer.id, layer.content)));
    }
  }
  return findings;
}

const known = ["json", "layer", "layer.json", "checksum.json", "manifest.gz", "tar-split.gz", "blobs.json"];

async function auditLayer(path: string, id: string, { tarDigest, name }: Content): Promise<string[]> {
  const half = (what: string) => [`the layer image ${id} is half: ${what}`];
  const strange = readdirSync(path).filter((each) => !known.includes(each.replace(/\.new$/, "")));
  if (strange.length > 0) return half(`it holds ${strange}`);
  try {
    if (JSON.parse(`${read(join(path, "json"))}`).id !== id) return half("json is of another");
    JSON.parse(`${read(join(path, "layer.json"))}`);
  } catch {
    return half("json or layer.json is missing or no JSON");
  }
  if (!existsSync(join(path, "layer"))) return half("it has no layer");
  const digest = sha256(await shell(canonicalTar(join(path, "layer"))));
  return digest === tarDigest ? [] : half(`its layer is not the tree of ${name}`);
}

/** The ids of names, by the root's file; undefined if that is no JSON. */
function namesOf(root: string): Map<string, string> | undefined {
  const path = join(root, "repositories");
  if (!existsSync(path)) return new Map();
  try {
    const { Repositories } = JSON.parse(readFileSync(path, "utf8")) as {
      Repositories: Record<string, Record<string, string>>;
    };
    return new Map(
      Object.entries(Repositories).flatMap(([repository, tags]) =>
        Object.entries(tags).map(([tag, id]) => [`${repository}:${tag}`, id] as const),
      ),
    );
  } catch {
    return undefined;
  }
}

function read(path: string): Buffer {
  return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
}
