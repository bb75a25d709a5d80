// The jobs `tag` and `untag` where one is tried again, and the other jobs by an image's name.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import type { JobData } from "../../../src/jobs/index.js";
import { tag } from "../../../src/worker/handlers/tag.js";
import { untag } from "../../../src/worker/handlers/untag.js";
import { runJob, useDock } from "../../support/dock.js";
import { addImage } from "../../support/images/made-images.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const dock = useDock();

/** One try of a job, and what it leaves to the next. */
function tryOf<Data>(data: Data, isRepeat: boolean) {
  const job = {
    data,
    isRepeat,
    async amend(changed: Data) {
      job.data = changed;
    },
  };
  return job;
}

it("names serve in jobs, and what a batch cannot find fails alone", () =>
  dock.serving(async ({ producer, root }) => {
    await runJob(producer, "store", { image: { id: "a" }, layer: { path: dock.archive } });
    expect(await runJob(producer, "tag", { id: "a", name: "team/web" })).toEqual({
      ...{ name: "team/web:latest", id: "a", previous: null },
    });
    await runJob(producer, "store", {
      image: { id: "b", parent: "team/web" },
      layer: { path: dock.archive },
    });
    expect(await runJob(producer, "tag", { id: "b", name: "team/web:latest" })).toMatchObject({
      previous: "a",
    });
    expect(await runJob(producer, "checksum", { id: "team/web:latest", recipe: "xz-1" })).toMatchObject({
      id: "b",
    });
    expect(await runJob(producer, "verify", { id: "team/web" })).toMatchObject({ id: "b", ok: true });
    const batch = await runJob(producer, "checksum-graph", {
      ids: ["team/web", "none:1", "A//b"],
      recipe: "xz-1",
    });
    expect(batch).toMatchObject({ total: 3, cached: 1 });
    expect(batch.failed.map(({ id, code }) => [id, code])).toEqual([
      ["none:1", "IMAGE_NOT_FOUND"],
      ["A//b", "INVALID_ID"],
    ]);
    const untagging = producer.enqueue("untag", { name: "none:1" }).then((job) => producer.wait(job));
    await expect(untagging).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    expect(await runJob(producer, "untag", { name: "team/web" })).toEqual({
      name: "team/web:latest",
      id: "b",
    });
    await runJob(producer, "tag", { id: "b", name: "gone" });
    await runJob(producer, "delete", { id: "gone" });
    expect(readFileSync(join(root, "repositories"), "utf8")).toBe('{"Repositories":{}}');
  }));

async function graphWith(...ids: string[]) {
  const graph = await openGraph(await scratch.fresh(), { create: true });
  for (const id of ids) await addImage(graph, { id });
  return graph;
}

it("a tag that is tried again gives the name to the image that the first try found", async () => {
  const graph = await graphWith("a", "b");
  await graph.names.set(new Map([["from", "a"]]));
  const job = tryOf<JobData<"tag">>({ id: "from", name: "to:1" }, false);
  const host = { graph } as unknown as Parameters<typeof tag>[1];
  const run = () => tag(job as unknown as Parameters<typeof tag>[0], host, new AbortController().signal);
  await run();
  await graph.names.set(new Map([["from", "b"]]));
  job.isRepeat = true;
  expect(await run()).toMatchObject({ name: "to:1", id: "a" });
  expect(await graph.names.lookup("to:1")).toBe("a");
});

it("an untag that is tried again leaves the name to an image that got it meanwhile", async () => {
  const graph = await graphWith("a", "b");
  await graph.names.set(new Map([["web", "a"]]));
  const job = tryOf<JobData<"untag">>({ name: "web" }, false);
  const host = { graph } as unknown as Parameters<typeof untag>[1];
  const run = () => untag(job as unknown as Parameters<typeof untag>[0], host, new AbortController().signal);
  expect(await run()).toEqual({ name: "web:latest", id: "a" });
  job.isRepeat = true;
  expect(await run()).toMatchObject({ id: "a" });
  await graph.names.set(new Map([["web", "b"]]));
  expect(await run()).toMatchObject({ id: "a" });
  expect(await graph.names.lookup("web")).toBe("b");
});
