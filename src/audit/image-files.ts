// What lies in an image's directory besides its record and its layer.
import { imageEntries, replaceFile } from "../disk/index.js";
import {
  checksumsPath,
  factsPath,
  imagePaths,
  type LayerFacts,
  manifestPath,
  parseChecksums,
  parseLayerFacts,
  splitPath,
} from "../graph/index.js";
import { beginsAsManifest, beginsAsSplit, joinPath } from "../layer/index.js";
import { dockerRecipe, quote } from "../terms/index.js";
import { type Damage, damage, moveAway, type Repair } from "./finding.js";
import { isThere, namesIn, readIfPlain } from "./probe.js";
import { imageAt, type Survey, withImage } from "./survey.js";

/** Docker's own beside ours: the layer packed, and its size. */
const known = new Set<string>([...Object.values(imageEntries), "layer.tar.xz", "layersize"]);

/** Reads what is known of an image's layer; undefined if there is nothing, or it cannot be read. */
export function readFacts(directory: string): LayerFacts | undefined {
  return parseLayerFacts(readIfPlain(factsPath(directory)));
}

/** Looks at the files of an image that can be loaded. @param facts as `readFacts` has them */
export async function* checkImageFiles(
  survey: Survey,
  id: string,
  facts: LayerFacts | undefined,
): AsyncGenerator<Damage> {
  const { directory } = imagePaths(survey.graph.directory, id);
  if (facts?.lossless) yield* checkSplit(survey, id, directory);
  for (const name of namesIn(directory)) {
    if (name === imageEntries.facts && facts === undefined) yield* checkFacts(survey, id, directory);
    else if (name === imageEntries.checksums) yield* checkChecksums(survey, id, directory);
    else if (name === imageEntries.manifest) yield* checkManifest(survey, id, directory);
    else if (!known.has(name)) yield* checkStray(survey, id, name);
  }
}

/**
 * Looks again under the image's lock: a file that was being written is done when its writer has let go of that, and the
 * image may be gone.
 */
async function isStill(survey: Survey, id: string, at: string, isBad = () => true): Promise<boolean> {
  const path = joinPath(Buffer.from(survey.root), at);
  return (await withImage(survey, id, async () => isThere(path) && isBad())) ?? false;
}

/** The facts are measured anew when they are needed; the digest that the layer came with is lost. */
async function* checkFacts(survey: Survey, id: string, directory: string): AsyncGenerator<Damage> {
  const isBad = () => readFacts(directory) === undefined;
  const at = `${imageAt(id)}/${imageEntries.facts}`;
  if (!(await isStill(survey, id, at, isBad))) return;
  yield damage(survey.root, "unreadable-layer-facts", {
    at,
    id,
    message: `the facts about the layer of image ${id} cannot be read; they can be measured anew`,
    repair: [moveAway, (lost) => withImage(survey, id, async () => (isBad() ? lost.take(at) : undefined))],
  });
}

/** A layer that is said to be lossless must have a tar-split. What is in it is read by an export. */
async function* checkSplit(survey: Survey, id: string, directory: string): AsyncGenerator<Damage> {
  if (beginsAsSplit(splitPath(directory))) return;
  const isBad = async () => readFacts(directory)?.lossless && !beginsAsSplit(splitPath(directory));
  if (!(await withImage(survey, id, isBad))) return;
  yield damage(survey.root, "unreadable-tar-split", {
    at: `${imageAt(id)}/${imageEntries.split}`,
    id,
    message: `the tar-split of image ${id} is missing or damaged: its layer cannot be exported as it came`,
  });
}

async function* checkChecksums(survey: Survey, id: string, directory: string): AsyncGenerator<Damage> {
  const read = () => parseChecksums(readIfPlain(checksumsPath(directory)));
  const { checksums, isWhole } = read();
  const docker = Object.hasOwn(checksums, dockerRecipe) ? checksums[dockerRecipe] : undefined;
  if (docker !== undefined) survey.dockerChecksums.set(id, docker.checksum);
  const at = `${imageAt(id)}/${imageEntries.checksums}`;
  if (isWhole || !(await isStill(survey, id, at, () => !read().isWhole))) return;
  const repair: Repair = (lost) =>
    withImage(survey, id, async () => {
      const now = read();
      if (now.isWhole) return undefined;
      if (Object.keys(now.checksums).length === 0) return lost.take(at);
      // What a process died over would be written over.
      await lost.take(`${at}.new`);
      const copy = await lost.keepCopy(at);
      await replaceFile(checksumsPath(directory), JSON.stringify(now.checksums));
      return `written anew from what was good in it; the old one is ${copy}`;
    });
  const good = Object.keys(checksums).length;
  yield damage(survey.root, "unreadable-checksums", {
    at,
    id,
    message: `the stored checksums of image ${id} cannot be read${good === 0 ? "" : ` (${good} of them can)`}; they can be computed anew`,
    repair: [
      good === 0 ? moveAway : "write it anew from what is good in it, the old one to lost+found",
      repair,
    ],
  });
}

/** Reads the beginning of a manifest. Damage behind it is found when the manifest is used. */
async function* checkManifest(survey: Survey, id: string, directory: string): AsyncGenerator<Damage> {
  const isBad = () => !beginsAsManifest(manifestPath(directory));
  const at = `${imageAt(id)}/${imageEntries.manifest}`;
  if (!isBad() || !(await isStill(survey, id, at, isBad))) return;
  yield damage(survey.root, "unreadable-manifest", {
    at,
    id,
    message: `the manifest of image ${id} cannot be read; a checksum that is computed anew (--force) makes another`,
    repair: [moveAway, (lost) => withImage(survey, id, async () => (isBad() ? lost.take(at) : undefined))],
  });
}

async function* checkStray(survey: Survey, id: string, name: string): AsyncGenerator<Damage> {
  const at = `${imageAt(id)}/${name}`;
  if (!(await isStill(survey, id, at))) return;
  yield damage(survey.root, "stray-file", {
    at,
    id,
    message: `${quote(name)} is not part of an image`,
    repair: [moveAway, (lost) => withImage(survey, id, () => lost.take(at))],
  });
}
