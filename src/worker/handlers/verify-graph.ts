// The job `verify-graph`: leaves each image to a child job, and sums the results up.
import { mismatchMessage } from "../../jobs/index.js";
import type { FailedImage } from "../batches/index.js";
import { runBatch } from "../batches/index.js";
import type { Handler } from "./handler.js";

export const verifyGraph: Handler<"verify-graph"> = async ({ data, batch }, { graph }, signal) => {
  const { total, results, failed, cancelled, durationMs } = await runBatch(
    batch,
    graph,
    { name: "verify", ids: data.ids, data: (id) => ({ id }), isDone: async () => false },
    signal,
  );
  const verified = results.filter(({ ok }) => ok);
  const mismatches = results
    .filter(({ ok }) => !ok)
    .map(
      (result): FailedImage => ({
        id: result.id,
        code: "CHECKSUM_MISMATCH",
        message: mismatchMessage(result),
      }),
    );
  return {
    total,
    verified: verified.length,
    failed: [...failed, ...mismatches],
    ...(cancelled.length === 0 ? {} : { cancelled: [...cancelled] }),
    layerBytes: verified.reduce((sum, { layerBytes }) => sum + layerBytes, 0),
    durationMs,
  };
};
