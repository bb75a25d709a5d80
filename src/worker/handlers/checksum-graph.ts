// The job `checksum-graph`: leaves each image without a checksum to a child job, and sums the results up.
import type { CheckedJobData } from "../../jobs/index.js";
import { defaultRecipe } from "../../terms/index.js";
import { runBatch } from "../batches/index.js";
import type { Handler } from "./handler.js";

export const checksumGraph: Handler<"checksum-graph"> = async ({ data, batch }, { graph }, signal) => {
  const { ids, recipe = defaultRecipe, force = false } = data;
  const options: Omit<CheckedJobData<"checksum">, "id"> = { recipe, ...(force ? { force } : {}) };
  const { total, results, failed, cancelled, doneBytes, durationMs } = await runBatch(
    batch,
    graph,
    {
      name: "checksum",
      ids,
      data: (id) => ({ id, ...options }),
      isDone: async (id) => !force && (await graph.storedChecksum(id, recipe)) !== undefined,
    },
    signal,
  );
  const computed = results.filter(({ cached }) => !cached).length;
  return {
    total,
    computed,
    cached: total - computed - failed.length - cancelled.length,
    failed: [...failed],
    ...(cancelled.length === 0 ? {} : { cancelled: [...cancelled] }),
    layerBytes: results.reduce((sum, { layerBytes }) => sum + layerBytes, doneBytes),
    durationMs,
  };
};
