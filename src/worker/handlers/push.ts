// The job `push`: sends an image to a registry, of its blobs only those that are not there, and its manifest last.
import { pushImage } from "../../interchange/index.js";
import { formatRegistryReference, parseRegistryReference } from "../../terms/index.js";
import type { Handler } from "./handler.js";
import { listLayers } from "./layer-progress.js";
import { threadsOf } from "./threads.js";

export const push: Handler<"push"> = async (job, host, signal) => {
  const begun = performance.now();
  const { image, ref, compress, format } = job.data;
  const { graph, registries } = host;
  const reference = parseRegistryReference(ref);
  const id = await graph.resolve(image);
  // By its next try a name may stand for another image.
  if (id !== image) await job.amend({ ...job.data, image: id });
  const pushed = await pushImage(
    graph,
    registries,
    {
      ...{ id, reference, format, compression: compress },
      threads: threadsOf(job, host),
      purpose: `the push of job ${job.id}`,
      onProgress: (done, total, layers) =>
        job.report({ phase: "push", done, total, unit: "bytes", layers: listLayers(layers) }),
    },
    signal,
  );
  const { digest, mediaType, layers, bytesSent, blobsPresent, blobsMounted, blobsSent } = pushed;
  return {
    ...{ id, ref: formatRegistryReference(reference), digest, mediaType, layers },
    ...{ bytesSent, blobsPresent, blobsMounted, blobsSent },
    durationMs: Math.round(performance.now() - begun),
  };
};
