// Opens a graph: puts together what the files beside this one can do.
import { rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { ioError, makeDirectory, rootPath, stagingPath } from "../disk/index.js";
import { systemHostName } from "../host/index.js";
import {
  assertId,
  dockerRecipe,
  invalidReference,
  isErrno,
  isId,
  isImageName,
  quote,
  StevedoreError,
} from "../terms/index.js";
import {
  addChecksum,
  fromDictionary,
  knownDockerChecksum,
  openChecksumsDictionary,
  readChecksums,
  rememberChecksums,
} from "./checksums/index.js";
import { withContent } from "./derived/index.js";
import { knownLayerFacts, openMeasuredFacts, readLayerFacts } from "./facts/index.js";
import { gatherImages } from "./gathering.js";
import type { Graph, OpenGraphOptions } from "./graph.js";
import { readOrMakeGraphId } from "./graph-id.js";
import { readHistory } from "./history.js";
import { imageExists, imageNotFound, imagePaths, loadImage } from "./image.js";
import { type ImageIndex, openImageIndex, withPrefix } from "./image-index.js";
import { addKnownBlob, readKnownBlobs } from "./layer-blobs.js";
import { manifestPath, placeManifest } from "./layer-manifest.js";
import { placeSplit } from "./layer-split.js";
import { findHeads, groupByParent, type ListedImage, listImages } from "./listing.js";
import { openNames } from "./names/index.js";
import { openParentIndex } from "./parent-index.js";
import { registerImage } from "./register.js";
import { type RetentionSources, takeOutImage, takeOutUnneededImages } from "./removal.js";
import { openReferences, registerAllImages, removeAbandonedLeases, withLease } from "./sets/index.js";

/**
 * Opens the graph of a root, such as a data directory of Docker 0.3. Reads no image.
 * @throws `SOURCE_NOT_FOUND` for a root that is not there, `NEEDS_ROOT`
 */
export async function openGraph(
  root: string,
  { create = false, host = systemHostName() }: OpenGraphOptions = {},
): Promise<Graph> {
  const absolute = resolve(root);
  const directory = rootPath(absolute, "graph");
  if (create) makeGraphDirectory(directory);
  await assertDirectory(absolute);
  const place = { directory, host };
  const names = openNames(absolute, (id) => imageExists(directory, id));
  const references = openReferences(place, names);
  const indexAsItIs = openImageIndex(directory);
  const index = async () => {
    await references.completeAbandoned();
    return indexAsItIs();
  };
  const parentIndex = openParentIndex(directory, indexAsItIs);
  const retention: RetentionSources = { ...references, names, parentIndex };
  const rememberedChecksums = rememberChecksums();
  const measured = openMeasuredFacts(place);
  const dictionary = openChecksumsDictionary(absolute, (id) => knownDockerChecksum(directory, id));
  await references.completeAbandoned();
  if (create) {
    await dictionary.recover();
    await removeAbandonedLeases(place);
  }

  const graph: Graph = {
    root: absolute,
    ...place,
    names: {
      ...names,
      // So that nobody takes out an image, for having no name, while it is given one.
      set: (given) => references.locked(() => names.set(given)),
      remove: (given) => references.locked(() => names.remove(given)),
    },
    graphId: () => readOrMakeGraphId(absolute),

    async resolve(reference) {
      if (isId(reference) && (await imageExists(directory, reference))) return reference;
      const named = typeof reference === "string" ? await names.lookup(reference) : undefined;
      if (named !== undefined) return thereIs(named, reference);
      if (!isId(reference)) {
        if (isImageName(reference)) throw imageNotFound(reference);
        throw new StevedoreError("INVALID_ID", invalidReference(reference));
      }
      return onlyOne(reference, withPrefix((await index()).ids, reference));
    },
    async exists(id) {
      assertId(id);
      return imageExists(directory, id);
    },
    async get(reference) {
      return loadImage(directory, await graph.resolve(reference));
    },
    list: (signal) => listWhenRead(directory, index, signal),
    gather: async (pick, signal) => gatherImages(directory, await index(), pick, signal),
    imageCount: async () => (await index()).ids.length,
    byParent: (signal) => groupByParent(graph.list(signal)),
    async heads(signal) {
      return findHeads(await graph.byParent(signal));
    },
    async children(id, signal) {
      assertId(id);
      await references.completeAbandoned();
      return [...((await parentIndex.find(new Set([id]), signal)).get(id) ?? [])];
    },
    async history(reference) {
      return readHistory(directory, await graph.resolve(reference));
    },
    async layers(reference) {
      return withContent(await graph.history(reference)).map(({ layerDirectory }) => layerDirectory);
    },

    register: (image, fill, signal) => registerImage(place, image, fill, forgetFormer, signal),
    registerAll: (images, options, signal) =>
      registerAllImages(
        { place, locked: references.locked, names, beforeCommit: forgetFormer },
        images,
        options,
        signal,
      ),
    async withLease(purpose, ids, work, signal) {
      for (const id of ids) assertId(id);
      return withLease(place, references.locked, { purpose, ids }, work, signal);
    },
    async takeOut(id, { force = false, destination } = {}, signal) {
      assertId(id);
      const taken = await takeOutImage(place, id, retention, { force, destination }, signal);
      if ((await dictionary.get(id)) !== undefined) await dictionary.change(id, async () => {});
      return taken;
    },
    async takeOutUnneeded(ids, signal) {
      ids.forEach(assertId);
      const taken = await takeOutUnneededImages(place, ids, retention, signal);
      for (const id of taken.ids) {
        if ((await dictionary.get(id)) !== undefined) await dictionary.change(id, async () => {});
      }
      return taken;
    },
    holders: references.holders,

    async layerFacts(id, signal, keep = "now") {
      assertId(id);
      const known = knownLayerFacts(imagePaths(directory, id));
      if (known !== undefined) return known;
      const never = async () => undefined;
      const keepSoon = keep === "now" ? undefined : keep === "soon" ? measured.keepSoon : never;
      return readLayerFacts(loadImage(directory, id), signal, keepSoon);
    },
    checksumAtHand(reference, recipe) {
      if (!isId(reference)) return undefined;
      const stored = rememberedChecksums(imagePaths(directory, reference).directory);
      return Object.hasOwn(stored, recipe) ? stored[recipe] : undefined;
    },
    async storedChecksum(id, recipe) {
      assertId(id);
      const stored = rememberedChecksums(imagePaths(directory, id).directory);
      if (Object.hasOwn(stored, recipe)) return stored[recipe];
      if (recipe !== dockerRecipe) return undefined;
      const checksum = await dictionary.get(id);
      return checksum === undefined ? undefined : fromDictionary(checksum);
    },
    async storedChecksums(id) {
      assertId(id);
      const stored = readChecksums(imagePaths(directory, id).directory);
      if (Object.hasOwn(stored, dockerRecipe)) return stored;
      const checksum = await dictionary.get(id);
      return checksum === undefined ? stored : { ...stored, [dockerRecipe]: fromDictionary(checksum) };
    },
    async storeChecksum(id, recipe, entry, signal) {
      assertId(id);
      const add = () => addChecksum(imagePaths(directory, id).directory, recipe, entry, signal);
      try {
        await (recipe === dockerRecipe ? dictionary.change(id, add, signal) : add());
      } catch (error) {
        if (isErrno(error, "ENOENT", "ENOTDIR")) throw imageNotFound(id);
        throw ioError(error, `the checksum of image ${id} cannot be stored`);
      }
    },
    manifestPath(id) {
      assertId(id);
      return manifestPath(imagePaths(directory, id).directory);
    },
    async storeManifest(id, stagedPath) {
      assertId(id);
      try {
        await placeManifest(imagePaths(directory, id).directory, stagedPath);
      } catch (error) {
        if (isErrno(error, "ENOENT", "ENOTDIR")) throw imageNotFound(id);
        throw ioError(error, `the manifest of image ${id} cannot be stored`);
      }
    },
    async storeSplit(id, split, signal) {
      const facts = await graph.layerFacts(id, signal);
      try {
        await placeSplit(imagePaths(directory, id).directory, facts, split, signal);
      } catch (error) {
        if (isErrno(error, "ENOENT", "ENOTDIR")) throw imageNotFound(id);
        throw ioError(error, `the tar-split of image ${id} cannot be stored`);
      }
    },
    knownBlobs(id) {
      assertId(id);
      return readKnownBlobs(imagePaths(directory, id).directory);
    },
    async storeKnownBlob(id, blob, signal) {
      assertId(id);
      try {
        await addKnownBlob(imagePaths(directory, id).directory, blob, signal);
      } catch (error) {
        if (isErrno(error, "ENOENT", "ENOTDIR")) throw imageNotFound(id);
        throw ioError(error, `the digest of the layer of image ${id} cannot be stored`);
      }
    },
    async withStaging(work) {
      const path = await stagingPath(place).catch((error: unknown) => {
        throw ioError(error, `there is no staging in ${directory}`);
      });
      try {
        return await work(path);
      } finally {
        // Where this fails the path is removed once this process is gone.
        await rm(path, { recursive: true, force: true }).catch(() => undefined);
      }
    },
    async close() {
      await measured.flush();
      await dictionary.close();
    },
  };

  /** The id that a name stands for, if that is one of an image. */
  async function thereIs(id: string, name: string): Promise<string> {
    if (isId(id) && (await imageExists(directory, id))) return id;
    throw new StevedoreError(
      "IMAGE_NOT_FOUND",
      `there is no image ${quote(id)}, which the name ${quote(name)} stands for`,
    );
  }

  /** Removes what the dictionary still has of a deleted image: a new image of that id must not inherit its checksum. */
  async function forgetFormer(id: string): Promise<void> {
    if ((await dictionary.get(id)) === undefined) return;
    await dictionary.change(id, async () => {});
    await dictionary.flush();
  }
  return graph;
}

async function* listWhenRead(
  directory: string,
  index: () => Promise<ImageIndex>,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedImage, void, undefined> {
  yield* listImages(directory, await index(), signal);
}

function onlyOne(reference: string, candidates: readonly string[]): string {
  const [first, ...others] = candidates;
  if (first === undefined) throw imageNotFound(reference);
  if (others.length === 0) return first;
  const shown = candidates.slice(0, 10).join(", ");
  const more = candidates.length > 10 ? ` and ${candidates.length - 10} more` : "";
  throw new StevedoreError("AMBIGUOUS_ID", `${quote(reference)} may be any of ${shown}${more}`);
}

function makeGraphDirectory(path: string): void {
  try {
    makeDirectory(path);
  } catch (error) {
    throw ioError(error, `the graph ${path} cannot be made`);
  }
}

async function assertDirectory(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw ioError(error, `the root ${path} cannot be read`);
    throw new StevedoreError("SOURCE_NOT_FOUND", `there is no root ${path}`, { cause: error });
  }
  throw new StevedoreError("SOURCE_NOT_FOUND", `the root ${path} is not a directory`);
}
