// The job `export`: a file in the outbox, made once however often the job is tried, and nothing of one that failed.
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type JobData, JobError } from "../../../src/jobs/index.js";
import { startWorker } from "../../../src/worker/index.js";
import { runJob, useDock } from "../../support/dock.js";
import { dockerImages, unpackDockerGraph } from "../../support/images/docker-graph.js";
import { sha256Of, shell } from "../../support/processes/shell.js";

const dock = useDock();

const { left, right } = dockerImages;

describe("the job export", () => {
  it("writes images, each once, into a file that it tells of", async () => {
    await dock.serving(async ({ producer, root }) => {
      await unpackDockerGraph(root);
      const job = await producer.enqueue("export", { ids: ["b750", right, left], format: "docker" });
      const result = await producer.wait(job);
      const path = join(root, "outbox", `${job.id}.tar`);
      expect(result).toEqual({
        ...{ file: `${job.id}.tar`, path, format: "docker", layers: 4 },
        bytes: readFileSync(path).length,
        digest: sha256Of(await shell(`sha256sum '${path}'`)),
        images: [left, right].map((id) => ({ id, names: [] })),
        durationMs: expect.any(Number),
      });
      // What the job is about is kept for its next try.
      expect((await producer.job(job.id))?.data).toEqual({ ids: [left, right, left], format: "docker" });
      expect(new Set(readdirSync(join(root, "outbox")))).toEqual(new Set([":tmp:", `${job.id}.tar`]));
      expect(readdirSync(join(root, "outbox/:tmp:"))).toEqual([]);
    });
  });

  it("tells when it goes unless it is fetched, and a worker that starts removes it then", async () => {
    await dock.serving(
      async ({ producer, root }) => {
        await unpackDockerGraph(root);
        const { path, expiresAt } = await runJob(producer, "export", { ids: [left], format: "docker" });
        expect(Date.parse(expiresAt ?? "")).toBe(Math.trunc(statSync(path).ctimeMs) + 1_000);
        const lines: string[] = [];
        const other = await startWorker({
          ...{ redis: dock.redis, graph: "other", root, host: "other", provesEngineLate: true },
          ...{ keepExportsMs: -1, log: (line) => lines.push(line) },
        });
        await expect.poll(() => lines).toContain("removed 1 export that nobody fetched");
        await other.close(0);
        expect(readdirSync(join(root, "outbox"))).toEqual([":tmp:"]);
      },
      { keepExportsMs: 1_000 },
    );
  });

  it("overwrites nothing, and refuses before it begins", async () => {
    await dock.serving(async ({ producer, root }) => {
      await unpackDockerGraph(root);
      mkdirSync(join(root, "outbox"));
      writeFileSync(join(root, "outbox/a.tar"), "precious");
      const exporting = runJob(producer, "export", { ids: [left], format: "oci", file: "a.tar" });
      await expect(exporting).rejects.toMatchObject({ code: "TARGET_FORBIDDEN" });
      expect(readFileSync(join(root, "outbox/a.tar"), "utf8")).toBe("precious");
    });
  });

  it("of which an earlier try made the file finds it, and succeeds", async () => {
    await dock.serving(async ({ producer, root }) => {
      await unpackDockerGraph(root);
      const data: JobData<"export"> = { ids: [left], format: "oci", file: "a.tar" };
      const first = await runJob(producer, "export", data);
      // The first try of the next job fails for a while with what time heals: its lease cannot be written.
      renameSync(first.path, join(dock.scratch, "kept.tar"));
      const leases = join(root, "leases");
      renameSync(leases, `${leases}.away`);
      writeFileSync(leases, "");
      const job = await producer.enqueue("export", data);
      await expect
        .poll(async () => (await producer.job(job.id))?.attempts, { interval: 20 })
        .toBeGreaterThanOrEqual(1);
      renameSync(join(dock.scratch, "kept.tar"), first.path);
      renameSync(`${leases}.away`, `${leases}.back`);
      await shell(`rm '${leases}' && mv '${leases}.back' '${leases}'`);
      const again = await producer.wait(job);
      expect({ ...again, durationMs: 0 }).toEqual({ ...first, durationMs: 0 });
      expect(readdirSync(join(root, "outbox/:tmp:"))).toEqual([]);
    });
  });

  it("that is cancelled leaves nothing, and its images can be deleted", async () => {
    await dock.serving(async ({ producer, root }) => {
      await unpackDockerGraph(root);
      await shell(`truncate -s 20G '${root}/graph/${left}/layer/hollow'`);
      const job = await producer.enqueue("export", { ids: [left], format: "docker", compress: "gzip" });
      for await (const { progress } of producer.follow(job)) if ((progress?.done ?? 0) > 0) break;
      await producer.cancel(job.id);
      await expect(producer.wait(job)).rejects.toMatchObject({ code: "CANCELLED" });
      expect(readdirSync(join(root, "outbox"))).toEqual([":tmp:"]);
      await expect.poll(() => readdirSync(join(root, "outbox/:tmp:"))).toEqual([]);
      await runJob(producer, "delete", { id: left });
    });
  });

  it.each([
    ["an image that is not there", { ids: ["nothing"], format: "oci" }, "IMAGE_NOT_FOUND"],
    ["no image", { ids: [], format: "oci" }, "INVALID_JOB"],
    ["a file outside the outbox", { ids: [left], format: "oci", file: "../a.tar" }, "INVALID_JOB"],
    ["OCI in xz", { ids: [left], format: "oci", compress: "xz" }, "INVALID_JOB"],
  ] as const)("of %s fails", async (_, data, code) => {
    await dock.serving(async ({ producer, root }) => {
      await unpackDockerGraph(root);
      const exporting = async () => runJob(producer, "export", { ...data, ids: [...data.ids] });
      const error = await exporting().catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(JobError);
      expect(error).toMatchObject({ code });
    });
  });
});
