// The job `gc`: deletes the images that nothing needs. A retry deletes, and reports, what the first try has left.
import { collectGarbage, type RemovedImage } from "../../garbage/index.js";
import { listedImages } from "../../jobs/index.js";
import type { Handler } from "./handler.js";

export const gc: Handler<"gc"> = async (job, { graph, mounts }, signal) => {
  const begun = performance.now();
  const removed: RemovedImage[] = [];
  let done = 0;
  const onRemoved = (image: RemovedImage, total: number) => {
    done += 1;
    if (removed.length < listedImages) removed.push(image);
    job.report({ phase: "gc", done, total, unit: "images" });
  };
  const collected = await collectGarbage(graph, mounts, job.data, onRemoved, signal);
  const { images, layerBytes, blocks, kept } = collected;
  return {
    removed,
    ...(images > removed.length ? { more: images - removed.length } : {}),
    layerBytes,
    ...(blocks.files > 0 ? { blocks } : {}),
    kept,
    dryRun: job.data.dryRun ?? false,
    durationMs: Math.round(performance.now() - begun),
  };
};
