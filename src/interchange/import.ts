// Imports images: reads them from a source, checks them, and registers them with their names as one set.
import type { FileHandle } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Graph } from "../graph/index.js";
import { type AddedImages, type AddOptions, addImages, type ImportLimits, layersIn } from "./add-images.js";
import { readImages, type SourceFormat, type SourceRequest, withSource } from "./source/index.js";
import { sumOfEach } from "./sum-of-each.js";

/** What an import reads, and how. */
export interface ImportOptions
  extends Omit<SourceRequest, "maxRecordBytes">,
    Pick<AddOptions, "jobId" | "allowSquash"> {
  readonly limits: ImportLimits;
  /** Called with the bytes of layers that were read so far and their total, as the source stores them. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What an import did. */
export interface Imported extends AddedImages {
  readonly format: SourceFormat;
}

/**
 * Imports the images of a docker-archive or an OCI layout: all of them with their names, or none. For a layer that the
 * graph has already, only the digests are checked: a second import adds nothing.
 * @param source a directory, or a regular file that holds an archive, compressed or not; the handle stays open
 * @throws as `readImages`, `unpackBlob` and `Graph.registerAll`
 */
export async function importImages(
  graph: Graph,
  source: FileHandle,
  options: ImportOptions,
  signal?: AbortSignal | undefined,
): Promise<Imported> {
  const { platform, name, limits, allowSquash, jobId } = options;
  return await withSource(
    graph,
    source,
    limits.maxImportBytes,
    async (files) => {
      const read = await readImages(files, { platform, name, maxRecordBytes: limits.maxRecordBytes });
      const total = layersIn(read).reduce((bytes, { blob }) => bytes + blob.file.size, 0);
      const onRead = sumOfEach((done) => options.onProgress?.(done, Math.max(done, total)));
      // As many layers as there are cores, and two even of one: one is read while the other is written.
      const concurrency = Math.max(2, availableParallelism());
      const how = {
        limits,
        allowSquash,
        jobId,
        concurrency,
        reads: "all",
        progress: { read: onRead },
      } as const;
      return { format: read.format, ...(await addImages(graph, read, how, signal)) };
    },
    signal,
  );
}
