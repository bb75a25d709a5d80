// Pulls images: reads what a reference stands for from a registry, and adds it as an import adds what it reads. Only what
// the graph lacks is fetched.
import type { Graph } from "../../graph/index.js";
import { defaultTag, familiarName, type RegistryReference } from "../../terms/index.js";
import { type AddedImages, addImages, type ImportLimits, layersIn } from "../add-images.js";
import { followLayers, type OnLayerProgress } from "../layer-progress.js";
import type { Registries } from "../registry/index.js";
import { readReferenced, type SourceLayer } from "../source/index.js";
import { sumOfEach } from "../sum-of-each.js";
import { knownDocuments } from "./known-documents.js";
import { openRemoteFiles } from "./remote-files.js";

/** What is pulled, and how. */
export interface PullRequest {
  readonly reference: RegistryReference;
  /** `os/architecture[/variant]`. Default: the platform of this host, if there are images for several. */
  readonly platform?: string | undefined;
  /** Adds the images for all platforms. The name goes to the one for `platform`, or for this host. Default false. */
  readonly allPlatforms?: boolean | undefined;
  /** A repository or a whole name, in place of the reference. */
  readonly name?: string | undefined;
  readonly limits: ImportLimits;
  /** Is stored with each image, so that a repeated job recognizes the images that its earlier try added. */
  readonly jobId?: string | undefined;
  /** Without root, gives all files to the user of this process instead of failing. File capabilities are lost. */
  readonly allowSquash?: boolean | undefined;
  /** How many layers are fetched side by side. Default: as the registries say. */
  readonly concurrency?: number | undefined;
  /** Is called with the bytes of layers that were fetched and are to be fetched, and with all layers. */
  readonly onProgress?: OnLayerProgress | undefined;
}

/** What a pull did. */
export interface Pulled extends AddedImages {
  /** The digest of what the reference stands for: a manifest, or an index. */
  readonly digest: string;
  /** The bytes of manifests, configs and layers that were fetched. */
  readonly bytesFetched: number;
}

/**
 * Pulls the images that a reference stands for: all of them with the name, or none. By a digest without a tag an image gets
 * no name, unless one is asked for. A layer that the graph has by its parent and its diffID is not fetched, nor is a config
 * that it has, nor a manifest that it has of the image of that name.
 * @throws `BAD_ARCHIVE`, `SOURCE_NOT_FOUND`, `SOURCE_FORBIDDEN`, `SOURCE_MISMATCH`, `LIMIT_EXCEEDED`; as `unpackBlob` and
 * `Graph.registerAll`
 */
export async function pullImages(
  graph: Graph,
  registries: Registries,
  request: PullRequest,
  signal: AbortSignal,
): Promise<Pulled> {
  const { reference, platform, name, limits, jobId, allowSquash } = request;
  const ownName = familiarName(reference);
  const repository = registries.repository(reference, "pull", signal);
  const fetched = await repository.manifest(reference.digest ?? reference.tag ?? defaultTag);
  const remote = openRemoteFiles(repository, fetched, await knownDocuments(graph, name ?? ownName), signal);
  const read = await readReferenced(remote.files, remote.top, {
    platform,
    name,
    ownName,
    allPlatforms: request.allPlatforms ?? false,
    maxRecordBytes: limits.maxRecordBytes,
  });
  let layerBytes = 0;
  const count = sumOfEach((sum) => {
    layerBytes = sum;
  });
  const progress = layersProgress(layersIn(read), request.onProgress);
  const purpose = jobId === undefined ? "a pull" : `the pull of job ${jobId}`;
  const onRead = (id: string, bytes: number) => {
    count(id, bytes);
    progress.read(id, bytes);
  };
  const added = await addImages(
    graph,
    read,
    {
      limits,
      jobId,
      allowSquash,
      concurrency: request.concurrency ?? registries.concurrency,
      purpose,
      reads: "unknown",
      progress: { ...progress, read: onRead },
    },
    signal,
  );
  return { ...added, digest: fetched.digest, bytesFetched: remote.documentBytes() + layerBytes };
}

function layersProgress(layers: readonly SourceLayer[], onProgress: OnLayerProgress | undefined) {
  const sizes = new Map(
    layers.map(({ id, blob }) => [id, { digest: blob.digest ?? id, total: blob.file.size }]),
  );
  const followed = followLayers(sizes, onProgress);
  return {
    begin(present: ReadonlySet<string>): void {
      for (const id of present) followed.set(id, { state: "present", done: sizes.get(id)?.total ?? 0 });
    },
    read: (id: string, done: number) => followed.set(id, { state: "fetching", done }),
    end: (id: string) => followed.set(id, { state: "done", done: sizes.get(id)?.total ?? 0 }),
  };
}
