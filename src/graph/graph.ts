// The graph: all images of a root. This file says what can be done with it; how is in the files beside it.
import { rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isErrno, StevedoreError } from "../error.js";
import { systemHostName } from "../host/host-name.js";
import { makeDirectory } from "../host/make-directory.js";
import { type KnownChecksum, openChecksumsDictionary } from "./checksums-dictionary.js";
import { readOrMakeGraphId } from "./graph-id.js";
import { readHistory } from "./history.js";
import { assertId, quote } from "./id.js";
import { type Image, imageExists, imageNotFound, imagePaths, loadImage } from "./image.js";
import { type ImageIndex, openImageIndex, withPrefix } from "./image-index.js";
import { ioError } from "./io-error.js";
import { knownLayerFacts, type LayerFacts, readLayerFacts } from "./layer-facts.js";
import { manifestPath, placeManifest } from "./layer-manifest.js";
import { findHeads, groupByParent, type ListedImage, listImages } from "./listing.js";
import { openParentIndex } from "./parent-index.js";
import { type FillLayer, type NewImage, registerImage } from "./register.js";
import { takeOutImage } from "./removal.js";
import { removeTree, stagingPath } from "./staging.js";
import {
  addChecksum,
  dockerRecipe,
  readChecksums,
  type StoredChecksum,
  type StoredChecksums,
} from "./stored-checksums.js";

/**
 * The images of a root. Several processes may have the same graph open and change it at the same time: each
 * method reads the disk as it is. Where a `reference` is asked for, an id or a unique prefix of one serves;
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
  /** The UUID in `<root>/graph-id`, made once. Throws `INTERNAL` if it can be neither read nor made. */
  graphId(): Promise<string>;

  /**
   * The id that a reference means. An id that is also the beginning of others means itself.
   * @throws `INVALID_ID`, `IMAGE_NOT_FOUND`, `AMBIGUOUS_ID` naming the candidates
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
   * Removes an image, a broken one too, and returns its id.
   * @throws as `resolve`; `IMAGE_IN_USE` while it has children, unless `force` says to leave them without parent
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
  /** Makes what is missing, and finishes what a killed process left unfinished. Default false: nothing is written. */
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
  const index = openImageIndex(directory);
  const findChildren = openParentIndex(directory);
  const dictionary = openChecksumsDictionary(absolute, (id) => knownDockerChecksum(directory, id));
  if (create) await dictionary.recover();

  const place = { directory, host };
  const graph: Graph = {
    root: absolute,
    ...place,
    graphId: () => readOrMakeGraphId(absolute),

    async resolve(reference) {
      assertId(reference);
      if (await imageExists(directory, reference)) return reference;
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
      return findChildren(id, (await index()).ids, signal);
    },
    async history(reference) {
      return readHistory(directory, await graph.resolve(reference));
    },
    async layers(reference) {
      return (await graph.history(reference)).map(({ layerDirectory }) => layerDirectory);
    },

    register: (image, fill, signal) => registerImage(place, image, fill, forgetFormer, signal),
    async delete(reference, options, signal) {
      const id = await graph.resolve(reference);
      await removeTree(await graph.takeOut(id, options, signal));
      return id;
    },
    async takeOut(id, { force = false, destination } = {}, signal) {
      assertId(id);
      const children = force ? "forced" : () => graph.children(id, signal);
      const taken = await takeOutImage(place, id, children, destination, signal);
      if ((await dictionary.get(id)) !== undefined) await dictionary.change(id, async () => {});
      return taken;
    },

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
