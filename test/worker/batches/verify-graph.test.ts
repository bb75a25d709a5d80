// The job `verify-graph`: the layers of a whole graph by children.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runJob, useDock } from "../../support/dock.js";

const dock = useDock();

it("counts what is as it was, and lists what is not, what cannot be verified and what is not there", () =>
  dock.serving(async ({ producer, root }) => {
    for (const id of ["bad", "good", "new"]) {
      await runJob(producer, "store", { image: { id }, layer: { path: dock.archive } });
    }
    await runJob(producer, "checksum-graph", { ids: ["bad", "good"], recipe: "xz-1" });
    expect(await runJob(producer, "verify-graph", { ids: ["bad", "good"] })).toEqual({
      ...{ total: 2, verified: 2, failed: [], layerBytes: 22, durationMs: expect.any(Number) },
    });
    appendFileSync(join(root, "graph/bad/layer/etc/passwd"), "x");
    const { actual, expected } = await runJob(producer, "verify", { id: "bad" });
    const result = await runJob(producer, "verify-graph", { ids: ["bad", "good", "new", "nobody"] });
    expect(result).toMatchObject({ total: 4, verified: 1, layerBytes: 11 });
    expect(result.failed.sort((one, other) => (one.id < other.id ? -1 : 1))).toEqual([
      {
        ...{ id: "bad", code: "CHECKSUM_MISMATCH" },
        message: `the layer of image bad has the tar digest ${actual}, but ${expected} is stored`,
      },
      {
        ...{ id: "new", code: "INVALID_JOB" },
        message: expect.stringContaining("no checksum is stored of it"),
      },
      { id: "nobody", code: "IMAGE_NOT_FOUND", message: expect.any(String) },
    ]);
    const whole = await runJob(producer, "verify-graph", {});
    expect(whole).toMatchObject({ total: 3, verified: 1 });
  }));

it("of an empty graph is a summary of zeros, and is joined by another while it waits", () =>
  dock.serving(async ({ producer, worker }) => {
    const result = await runJob(producer, "verify-graph", {});
    expect(result).toMatchObject({ total: 0, verified: 0, failed: [], layerBytes: 0 });
    await worker.close(0);
    const { id } = await producer.enqueue("verify-graph", {});
    expect((await producer.enqueue("verify-graph", {})).id).toBe(id);
    expect((await producer.enqueue("verify-graph", { ids: [] })).id).not.toBe(id);
  }));
