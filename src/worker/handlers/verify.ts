// The job `verify`: compares the layer with its stored tar digests in one pass, and explains differences in a second.
import type { Graph } from "../../graph/index.js";
import { verifyLayer } from "../../layer/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { Handler } from "./handler.js";

export const verify: Handler<"verify"> = async (job, { graph, cpu }, signal) => {
  const begun = performance.now();
  const { id, layerDirectory } = await graph.get(job.data.id);
  const expected = await storedTarDigests(graph, id);
  const { layerBytes } = await graph.layerFacts(id, signal);
  using _thread = await cpu.takeOne({ urgency: job.urgency, remaining: () => layerBytes }, signal);
  const { comparison, ...verdict } = await verifyLayer(
    {
      layerDirectory,
      expected,
      manifestPath: job.data.explain ? graph.manifestPath(id) : undefined,
      onProgress: (done) =>
        job.report({ phase: "verify", done, total: Math.max(done, layerBytes), unit: "bytes" }),
    },
    signal,
  );
  return {
    id,
    ...verdict,
    layerBytes,
    durationMs: Math.round(performance.now() - begun),
    ...(comparison === undefined ? {} : { differences: [...comparison.differences] }),
    ...(comparison === undefined || comparison.more === 0 ? {} : { more: comparison.more }),
  };
};

/** @throws `INVALID_JOB` if none is stored, as for an image that has only Docker 0.3's checksum */
async function storedTarDigests(graph: Graph, id: string): Promise<string[]> {
  const stored = Object.values(await graph.storedChecksums(id));
  const digests = stored.flatMap(({ tarDigest }) => tarDigest ?? []);
  if (digests.length > 0) return digests;
  const lack =
    stored.length === 0 ? "no checksum is stored of it" : "of Docker 0.3's checksum no tar digest is known";
  throw new StevedoreError(
    "INVALID_JOB",
    `the image ${id} cannot be verified: ${lack} (stevedore checksum ${id} computes one)`,
  );
}
