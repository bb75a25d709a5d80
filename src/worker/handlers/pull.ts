// The job `pull`: fetches an image from a registry, and registers it with its layers and its name as one set.
import { pullImages } from "../../interchange/index.js";
import { formatRegistryReference, parseRegistryReference } from "../../terms/index.js";
import type { Handler } from "./handler.js";
import { listLayers } from "./layer-progress.js";
import { passedOver } from "./passed-over.js";

export const pull: Handler<"pull"> = async (job, host, signal) => {
  const begun = performance.now();
  const { ref, platform, name, allPlatforms } = job.data;
  const { graph, registries, limits, allowSquash } = host;
  const { concurrency } = registries;
  const reference = parseRegistryReference(ref);
  const pulled = await pullImages(
    graph,
    registries,
    {
      ...{ reference, platform, name, allPlatforms, limits, allowSquash, concurrency, jobId: job.id },
      onProgress: (done, total, layers) =>
        job.report({ phase: "pull", done, total, unit: "bytes", layers: listLayers(layers) }),
    },
    signal,
  );
  const { digest, images, layersAdded, layersPresent, layerBytes, bytesFetched, moved } = pulled;
  return {
    ref: formatRegistryReference(reference),
    digest,
    images: images.map(({ id, names, layers }) => ({ id, names: [...names], layers })),
    ...{ layersAdded, layersPresent, layerBytes, bytesFetched },
    moved: [...moved],
    ...passedOver(pulled.skipped),
    ...(pulled.ownership === "squashed" ? { ownership: pulled.ownership } : {}),
    durationMs: Math.round(performance.now() - begun),
  };
};
