// The graph: all images of a root. This file says what can be done with it; how is in the files beside it.
import { rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ioError, makeDirectory, removeTree, stagingPath } from "../disk/index.js";
import { systemHostName } from "../host/index.js";
import {
  assertId,
  invalidReference,
  isErrno,
  isId,
  isImageName,
  quote,
  StevedoreError,
} from "../terms/index.js";
import {
  addChecksum,
  dockerRecipe,
  type KnownChecksum,
  openChecksumsDictionary,
  readChecksums,
  type StoredChecksum,
  type StoredChecksums,
} from "./checksums/index.js";
import { readOrMakeGraphId } from "./graph-id.js";
import { readHistory } from "./history.js";
import { type Image, imageExists, imageNotFound, imagePaths, loadImage } from "./image.js";
import { type ImageIndex, openImageIndex, withPrefix } from "./image-index.js";
import { knownLayerFacts, type LayerFacts, readLayerFacts } from "./layer-facts.js";
import { manifestPath, placeManifest } from "./layer-manifest.js";
import { findHeads, groupByParent, type ListedImage, listImages } from "./listing.js";
import { type Names, openNames } from "./names/index.js";
import { openParentIndex } from "./parent-index.js";
import { type FillLayer, type NewImage, registerImage } from "./register.js";
import { type RetentionSources, takeOutImage, takeOutUnneededImages } from "./removal.js";
import {
  type Holder,
  type ImageToAdd,
  openReferences,
  type RegisterAllOptions,
  type RegisteredSet,
  registerAllImages,
  removeAbandonedLeases,
  withLease,
} from "./sets/index.js";

/**
 * The images of a root. Several processes may have the same graph open and change it at the same time: each
 * method reads the disk as it is. Where a `reference` is asked for, an id, a name or a unique prefix of an id serves;
 * an `id` is a full one.
 *
 * An image is made by `register` and never changes, but for what is computed from it (`layerFacts`,
 * `storeChecksum`, `storeManifest`), until it is deleted.
 */
export interface Graph {
  /** Absolute. */
  readonly root: string;
  /** `<root>/graph`, absolute. */
  readonly directory: string;
  /** The name by which this host is told from others that share the root. */
  readonly host: string;
  /** The names that the images were given. */
  readonly names: Names;
  /** The UUID in `<root>/graph-id`, made once. Throws `INTERNAL` if it can be neither read nor made. */
  graphId(): Promise<string>;

  /**
   * The id that a reference means: it is an id, else a name (without a tag, `latest`), else a unique prefix of an id.
   * @throws `INVALID_ID`, `IMAGE_NOT_FOUND`, `AMBIGUOUS_ID` naming the candidates; `IMAGE_BROKEN` for anything but a
   * full id if the names cannot be read: it might be one
   */
  resolve(reference: string): Promise<string>;
  /** True if there is an image of that id, be it broken. Throws `INVALID_ID`. */
  exists(id: string): Promise<boolean>;
  /** Loads an image. Throws as `resolve`, and `IMAGE_BROKEN` for one that is not whole. */
  get(reference: string): Promise<Image>;
  /** All images in the order of their ids. What cannot be loaded is yielded as broken, never left out. */
  list(signal?: AbortSignal | undefined): AsyncIterable<ListedImage>;
  /** How many images there are, broken ones included: none is read. */
  imageCount(): Promise<number>;
  /** The images by the parent they name, null for those without; broken ones are left out. */
  byParent(signal?: AbortSignal | undefined): Promise<Map<string | null, Image[]>>;
  /** The images that are nobody's parent; broken ones are left out. */
  heads(signal?: AbortSignal | undefined): Promise<Image[]>;
  /**
   * The ids of the images that name this one as their parent, sorted, images without a layer included. The first
   * time all records are read, after that those that have changed; to see which, every record's file is looked at.
   */
  children(id: string, signal?: AbortSignal | undefined): Promise<string[]>;
  /** An image and its ancestors, child first. Throws as `get`; `PARENT_NOT_FOUND`, `PARENT_CYCLE`. */
  history(reference: string): Promise<Image[]>;
  /** The directories of the layers an image is made of, its own first. Throws as `history`. */
  layers(reference: string): Promise<string[]>;

  /**
   * Adds an image whose layer `fill` writes, durably: a crash or a power cut leaves all of it or nothing.
   * @throws `INVALID_ID` and `IMAGE_BROKEN` for the record; `IMAGE_EXISTS`; `PARENT_NOT_FOUND`; `PARENT_CYCLE`;
   * `NO_SPACE`; `CANCELLED`; what `fill` throws. Nothing is left of an image that failed.
   */
  register(image: NewImage, fill: FillLayer, signal?: AbortSignal | undefined): Promise<Image>;
  /**
   * Adds several images, parents before their children, and gives names: all of them or, whatever happens, none.
   * Several may add the same images at once. What they rely on cannot be deleted meanwhile.
   * @throws as `register` for any of the images, the first error that there is; `IMAGE_EXISTS` for one that is there and
   * not the same, or given twice; `IMAGE_BROKEN` for one that is there, not whole; `IMAGE_NOT_FOUND` for a name's; as
   * `Names.set`; `INTERNAL` if this process was suspended for too long. Nothing is left of a set that failed, unless the
   * disk failed when all was decided: then it is completed later.
   */
  registerAll(
    images: readonly ImageToAdd[],
    options: RegisterAllOptions,
    signal?: AbortSignal | undefined,
  ): Promise<RegisteredSet>;
  /**
   * Runs work while nobody deletes these images, of which those stay that are there when it begins.
   * @param purpose named to who wants one deleted, such as "the export of job 1f2e"
   * @throws what the work throws; `INVALID_ID`; `CANCELLED` while others are waited for; `NO_SPACE`, `NEEDS_ROOT`
   */
  withLease<T>(
    purpose: string,
    ids: readonly string[],
    work: () => Promise<T>,
    signal?: AbortSignal | undefined,
  ): Promise<T>;
  /**
   * Removes an image, a broken one too, then its names, and returns its id.
   * @throws as `resolve`; `IMAGE_IN_USE` while it has children, unless `force` says to leave them without parent, and
   * while it is leased or an import relies on it
   */
  delete(
    reference: string,
    options?: { readonly force?: boolean | undefined },
    signal?: AbortSignal | undefined,
  ): Promise<string>;
  /**
   * Takes an image out of the graph as `delete` does, but leaves it whole at the path that is returned, which is
   * the caller's: `destination` on the graph's file system, or by default one in staging. Throws as `delete`.
   */
  takeOut(
    id: string,
    options?: { readonly force?: boolean | undefined; readonly destination?: string | undefined },
    signal?: AbortSignal | undefined,
  ): Promise<string>;

  /**
   * Takes those out of some images that nothing needs: no child but those that are taken too, no name, no import. Looks
   * once for all of them, under the locks of those who could need them.
   * @param ids children before their parents
   * @returns where those lie that were taken, by id; what lies there is the caller's
   * @throws `INVALID_ID`; `IMAGE_BROKEN` if the names cannot be read; `CANCELLED` before anything was done
   */
  takeOutUnneeded(
    ids: readonly string[],
    signal?: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, string>>;
  /** What holds images for a while, such as imports, and which. */
  holders(): Promise<readonly Holder[]>;

  /** What is known of an image's layer. One that came without is measured, and that is kept if it can be. */
  layerFacts(id: string, signal?: AbortSignal | undefined): Promise<LayerFacts>;
  /** The checksum stored for a recipe. Docker 0.3's own count as those of the recipe `docker`. */
  storedChecksum(id: string, recipe: string): Promise<StoredChecksum | undefined>;
  /** All stored checksums of an image by recipe. */
  storedChecksums(id: string): Promise<StoredChecksums>;
  /** Stores a checksum durably. One of the recipe `docker` reaches Docker's dictionary within a second. */
  storeChecksum(
    id: string,
    recipe: string,
    entry: StoredChecksum,
    signal?: AbortSignal | undefined,
  ): Promise<void>;
  /** Where the manifest of an image's layer lies, if there is one. Throws `INVALID_ID`. */
  manifestPath(id: string): string;
  /**
   * Moves a manifest from staging to its image, in place of a former one, durably. It comes before the checksum that
   * has its tar digest.
   * @throws `IMAGE_NOT_FOUND`, `NO_SPACE`
   */
  storeManifest(id: string, stagedPath: string): Promise<void>;
  /**
   * Gives `work` a path in staging where nothing is. What it leaves there is removed, by this process or, if that is
   * killed, by the next worker.
   */
  withStaging<T>(work: (path: string) => Promise<T>): Promise<T>;

  /** Writes to Docker's dictionary what is still missing there. */
  close(): Promise<void>;
}

export interface OpenGraphOptions {
  /**
   * Makes what is missing, and finishes what a killed process left unfinished. Default false: nothing is written but
   * what completes a set of images that such a process had decided on (see `registerAll`), where that may be written.
   */
  readonly create?: boolean | undefined;
  /** The name this host goes by: 1 to 64 of A-Z a-z 0-9 _ . -, a letter or digit first. Default: the system's own. */
  readonly host?: string | undefined;
}

/**
 * Opens the graph of a root, such as a data directory of Docker 0.3. Reads no image.
 * @throws `SOURCE_NOT_FOUND` for a root that is not there, `NEEDS_ROOT`
 */
export async function openGraph(
  root: string,
  { create = false, host = systemHostName() }: OpenGraphOptions = {},
): Promise<Graph> {
  const absolute = resolve(root);
  const directory = join(absolute, "graph");
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
  const findChildren = openParentIndex(directory);
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
      if (!isId(reference))
        throw isImageName(reference)
          ? imageNotFound(reference)
          : new StevedoreError("INVALID_ID", invalidReference(reference));
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
    imageCount: async () => (await index()).ids.length,
    byParent: (signal) => groupByParent(graph.list(signal)),
    async heads(signal) {
      return findHeads(await graph.byParent(signal));
    },
    async children(id, signal) {
      assertId(id);
      return [...((await findChildren(new Set([id]), (await index()).ids, signal)).get(id) ?? [])];
    },
    async history(reference) {
      return readHistory(directory, await graph.resolve(reference));
    },
    async layers(reference) {
      return (await graph.history(reference)).map(({ layerDirectory }) => layerDirectory);
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
    async delete(reference, options, signal) {
      const id = await graph.resolve(reference);
      await removeTree(await graph.takeOut(id, options, signal));
      return id;
    },
    async takeOut(id, { force = false, destination } = {}, signal) {
      assertId(id);
      const taken = await takeOutImage(place, id, tiesNow(signal), { force, destination }, signal);
      if ((await dictionary.get(id)) !== undefined) await dictionary.change(id, async () => {});
      return taken;
    },
    async takeOutUnneeded(ids, signal) {
      ids.forEach(assertId);
      const taken = await takeOutUnneededImages(place, ids, tiesNow(signal), signal);
      for (const id of taken.keys()) {
        if ((await dictionary.get(id)) !== undefined) await dictionary.change(id, async () => {});
      }
      return taken;
    },
    holders: references.holders,

    async layerFacts(id, signal) {
      assertId(id);
      const known = knownLayerFacts(imagePaths(directory, id));
      if (known !== undefined) return known;
      return readLayerFacts(loadImage(directory, id), signal);
    },
    async storedChecksum(id, recipe) {
      assertId(id);
      const stored = await readChecksums(imagePaths(directory, id).directory);
      if (Object.hasOwn(stored, recipe)) return stored[recipe];
      if (recipe !== dockerRecipe) return undefined;
      const checksum = await dictionary.get(id);
      return checksum === undefined ? undefined : fromDocker(checksum);
    },
    async storedChecksums(id) {
      assertId(id);
      const stored = await readChecksums(imagePaths(directory, id).directory);
      if (Object.hasOwn(stored, dockerRecipe)) return stored;
      const checksum = await dictionary.get(id);
      return checksum === undefined ? stored : { ...stored, [dockerRecipe]: fromDocker(checksum) };
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
    close: () => dictionary.close(),
  };

  /** The id that a name stands for, if that is one of an image. */
  async function thereIs(id: string, name: string): Promise<string> {
    if (isId(id) && (await imageExists(directory, id))) return id;
    throw new StevedoreError(
      "IMAGE_NOT_FOUND",
      `there is no image ${quote(id)}, which the name ${quote(name)} stands for`,
    );
  }

  /** What keeps images, as a removal asks for it: under the lock, where abandoned sets are complete. */
  function tiesNow(signal: AbortSignal | undefined): RetentionSources {
    const children: RetentionSources["children"] = async (parents) =>
      findChildren(parents, (await indexAsItIs()).ids, signal);
    return { ...references, names, children };
  }

  /** A checksum that the dictionary still has of a deleted image must not become the new one's of that id. */
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

/** What an image's own files say of its checksum by Docker's recipe. */
export async function knownDockerChecksum(directory: string, id: string): Promise<KnownChecksum> {
  if (!(await imageExists(directory, id))) return "gone";
  const stored = await readChecksums(imagePaths(directory, id).directory);
  return stored[dockerRecipe] ?? "unknown";
}

function fromDocker(checksum: string): StoredChecksum {
  return { checksum, tarDigest: null, layerBytes: null, archiveBytes: null, computedAt: null };
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
