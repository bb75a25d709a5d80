// The graph: all images of a root, and what can be done with it.
import type { StoredChecksum, StoredChecksums } from "./checksums/index.js";
import type { LayerFacts } from "./facts/index.js";
import type { Beside } from "./gathering.js";
import type { Image } from "./image.js";
import type { KnownBlob } from "./layer-blobs.js";
import type { LateSplit } from "./layer-split.js";
import type { ListedImage } from "./listing.js";
import type { Names } from "./names/index.js";
import type { FillLayer, NewImage } from "./register.js";
import type { Holder, ImageToAdd, RegisterAllOptions, RegisteredSet } from "./sets/index.js";

/**
 * The images of a root. Several processes may have the same graph open and change it at the same time: each
 * method reads the disk as it is. Where a `reference` is asked for, an id, a name or a unique prefix of an id serves;
 * an `id` is a full one.
 *
 * An image is made by `register` and never changes, but for what is computed from it (`layerFacts`,
 * `storeChecksum`, `storeManifest`, `storeSplit`, `storeKnownBlob`), until it is deleted.
 */
export interface Graph {
  /** Absolute. */
  readonly root: string;
  /** `<root>/graph`, absolute. */
  readonly directory: string;
  /** The name of this host among those that share the root. */
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
  /**
   * The same all at once, and quicker, with what lies beside the records.
   * @param pick makes what is kept of each. What lies beside is undefined for a broken image, and where it cannot be read
   */
  gather<Kept extends object>(
    pick: (listed: ListedImage, beside: Beside | undefined) => Kept,
    signal?: AbortSignal | undefined,
  ): Promise<Kept[]>;
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
  /**
   * The directories of the layers an image is made of, topmost first; the empty layers of imported images are left out.
   * Throws as `history`.
   */
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
   * Takes an image out of the graph, a broken one too, then its names. It ignores mounts: to delete an
   * image, use `Mounts.deleteImage`.
   * @param options force leaves its children without parent; destination is where the image lies then, on the graph's file
   * system, by default in a new directory in staging
   * @returns the destination, or else that directory: what lies there is the caller's
   * @throws `INVALID_ID`; `IMAGE_NOT_FOUND`; `IMAGE_IN_USE` while it has children, unless it is forced, and while it is
   * leased or an import relies on it; `CANCELLED` before anything was done
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
   * @throws `INVALID_ID`; `IMAGE_BROKEN` if the names cannot be read; `CANCELLED` before anything was done
   */
  takeOutUnneeded(ids: readonly string[], signal?: AbortSignal | undefined): Promise<TakenImages>;
  /** What holds images for a while, such as imports, and which. */
  holders(): Promise<readonly Holder[]>;

  /**
   * What is known of an image's layer. One that came without is measured, and that is kept if it can be.
   * @param keep that at once; with others, within a second or when the graph is closed; or never. Default `now`
   */
  layerFacts(
    id: string,
    signal?: AbortSignal | undefined,
    keep?: "now" | "soon" | "never",
  ): Promise<LayerFacts>;
  /**
   * The checksum stored for a recipe, if the reference is the whole id of an image that has one: what `resolve` and
   * `storedChecksum` answer then, by one look at the disk. Undefined tells nothing.
   */
  checksumAtHand(reference: string, recipe: string): StoredChecksum | undefined;
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
   * Gives a layer that is there the tar-split of its archive, from staging, and its diffID. The caller has made sure that
   * the layer is what the archive gives.
   * @throws `IMAGE_NOT_FOUND`, `NO_SPACE`, `CANCELLED`
   */
  storeSplit(id: string, split: LateSplit, signal?: AbortSignal | undefined): Promise<void>;
  /** The compressed forms of an image's layer that are known by their digests, the newest first. Throws `INVALID_ID`. */
  knownBlobs(id: string): readonly KnownBlob[];
  /** Remembers such a form; the oldest are forgotten. Throws `IMAGE_NOT_FOUND`, `NO_SPACE`, `CANCELLED`. */
  storeKnownBlob(id: string, blob: KnownBlob, signal?: AbortSignal | undefined): Promise<void>;
  /**
   * Gives `work` a path in staging where nothing is. What it leaves there is removed, by this process or, if that is
   * killed, by the next worker.
   */
  withStaging<T>(work: (path: string) => Promise<T>): Promise<T>;

  /** Writes to Docker's dictionary what is still missing there, and keeps what was measured. */
  close(): Promise<void>;
}

/** Images that were taken out of the graph. */
export interface TakenImages {
  /** In the order in which they were taken. */
  readonly ids: readonly string[];
  /** The directory in staging in which they lie: the caller's. Undefined if there are none. */
  readonly path: string | undefined;
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
