// What a running server answers matches the schemas of its own document.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { OpenApiDocument } from "../../../src/server/openapi/components.js";
import { useDock } from "../../support/dock.js";
import { type Answer, type HttpService, type Question, servingHttp } from "../../support/http/http-server.js";
import { makeSmallLayout } from "../../support/images/small-layout.js";
import { startRegistry } from "../../support/registry/registry.js";
import { readApi } from "../fuzz/api.js";

const dock = useDock();

it("every operation that has JSON to answer answers what is documented, and refuses as documented", async () => {
  await using registry = await startRegistry();
  const worker = { allowedRegistries: [registry.host], insecureRegistries: [registry.host] };
  const judgeAll = async ({ ask }: HttpService) => {
    const api = readApi((await ask("/api/openapi.json")).body as OpenApiDocument);
    const judged = new Set<string>();
    const judge = async (id: string, path: string, status: number, question?: Question): Promise<Answer> => {
      const answer = await ask(path, question);
      expect({ id, status: answer.status, body: answer.body }).toMatchObject({ id, status });
      const operation = api.operations.find((one) => one.id === id);
      if (operation === undefined) throw new Error(`no operation is called ${id}`);
      const { content = {} } = api.responseOf(operation, status) ?? {};
      const type = answer.headers.get("content-type")?.split(";")[0] ?? "";
      const media = content[type];
      if (media === undefined) throw new Error(`${id}: ${status} is not documented as ${type}`);
      expect(api.judge(media.schema, answer.body), `${id}: ${JSON.stringify(answer.body)}`).toBeUndefined();
      if (status < 300) judged.add(id);
      return answer;
    };
    const job = async (id: string, name: string, body: unknown) =>
      (await judge(id, `/api/v1/jobs/${name}?wait=60`, 200, { body })).body;

    const headers = { "content-type": "application/octet-stream" };
    const archive = { method: "PUT", body: await readFile(dock.archive), headers };
    const { upload } = (await judge("upload", "/api/v1/uploads", 201, archive)).body;
    await judge("getUpload", `/api/v1/uploads/${upload}`, 200);
    await judge("uploadAs", "/api/v1/uploads/mine.tar", 201, archive);
    const layer = { upload };
    const stored = await job("enqueueStore", "store", { image: { id: "base" }, layer });
    await job("enqueueStore", "store", {
      image: { id: "top", parent: "base" },
      layer: { upload: "mine.tar" },
    });
    await job("enqueueChecksum", "checksum", { id: "base" });
    await job("enqueueVerify", "verify", { id: "base", explain: true });
    const batch = await job("enqueueChecksumGraph", "checksum-graph", {});
    await job("enqueueVerifyGraph", "verify-graph", { ids: ["base", "nobody"] });
    const { result } = await job("enqueueMount", "mount", { id: "top" });
    await judge("listMounts", "/api/v1/mounts", 200);
    await judge("getImage", "/api/v1/images/base", 200);
    const { mountId } = result;
    await job("enqueueChanges", "changes", { mountId });
    await job("enqueueCommit", "commit", { mountId, image: { id: "more" } });
    await job("enqueueUnmount", "unmount", { mountId });
    await job("enqueueTag", "tag", { id: "more", name: "web:1" });
    await job("enqueueTag", "tag", { id: "top", name: "web:1" });
    await job("enqueueUntag", "untag", { name: "web:1" });
    await job("enqueueTag", "tag", { id: "top", name: "example.com:5000/team/web" });
    await job("enqueueExport", "export", { ids: ["top"], format: "oci", file: "top.tar" });
    await judge("listExports", "/api/v1/exports", 200);
    await judge("getExport", "/api/v1/exports/none.tar", 404);
    makeSmallLayout(join(dock.scratch, "layout"));
    await job("enqueueImport", "import", { source: { path: join(dock.scratch, "layout") } });
    const ref = `${registry.host}/team/web:1`;
    await job("enqueuePush", "push", { image: "web:1", ref });
    await job("enqueuePull", "pull", { ref });
    await judge("enqueuePull", "/api/v1/jobs/pull?wait=60", 403, { body: { ref: "busybox" } });
    await judge("enqueuePull", "/api/v1/jobs/pull?wait=60", 422, { body: { ref: `${ref}0` } });
    await judge("enqueuePush", "/api/v1/jobs/push", 422, { body: { image: "web:1", ref: "Web" } });
    await job("enqueueGc", "gc", { dryRun: true });
    await job("enqueueDelete", "delete", { id: "more" });
    const many = [{ name: "verify", data: { id: "top" }, jobId: "mine" }];
    await judge("enqueueMany", "/api/v1/jobs", 202, { body: many });

    const nightly = { name: "verify-graph", cron: "0 3 * * *", id: "nightly" };
    await judge("setSchedule", "/api/v1/schedules", 201, { body: nightly });
    await judge("pauseSchedule", "/api/v1/schedules/nightly/pause", 200, { method: "POST" });
    await judge("listSchedules", "/api/v1/schedules", 200);
    await judge("resumeSchedule", "/api/v1/schedules/nightly/resume", 200, { method: "POST" });
    await judge("listSchedules", "/api/v1/schedules", 200);
    await judge("nextRuns", "/api/v1/next-runs?cron=%40daily", 200);
    await judge("nextRuns", "/api/v1/next-runs?cron=often", 422);

    await judge("listJobs", "/api/v1/jobs?limit=2", 200);
    await judge("getJob", `/api/v1/jobs/store/${stored.id}`, 200);
    await judge("getJobLog", `/api/v1/jobs/store/${stored.id}/log`, 200);
    await judge("getJobChildren", `/api/v1/jobs/checksum/${batch.id}/children`, 200);
    await judge("listQueues", "/api/v1/queues", 200);
    await judge("listImages", "/api/v1/images?limit=1", 200);
    await judge("listImages", "/api/v1/images?sort=created&limit=1", 200);
    await judge("listNames", "/api/v1/names", 200);
    await judge("getFaults", "/api/v1/images/top/faults", 200);
    await judge("getHistory", "/api/v1/images/top/history", 200);
    const named = `/api/v1/images/${encodeURIComponent("example.com:5000/team/web")}`;
    await judge("getImage", named, 200);
    await judge("getHistory", `${named}/history`, 200);
    await judge("listFiles", "/api/v1/images/top/files?limit=2", 200);
    await judge("listFiles", "/api/v1/images/top/files?layer=top&search=a", 200);
    await judge("listFiles", "/api/v1/images/top/files?path=none", 404);
    await judge("getFile", "/api/v1/images/top/files/none", 404);
    await judge("getFile", "/api/v1/images/top/files/%2F", 409);
    await judge("listLayers", `${named}/layers`, 200);
    await judge("diffImages", "/api/v1/images/base/diff/top", 200);
    await judge("getWaste", "/api/v1/images/top/waste", 200);
    await judge("getGraph", "/api/v1/graph", 200);
    await judge("search", "/api/v1/search?q=top", 200);
    await judge("listWorkers", "/api/v1/workers", 200);
    await judge("getOverview", "/api/v1/overview", 200);
    await judge("getSession", "/api/v1/session", 200);
    await judge("getHealth", "/healthz", 200);
    await judge("getReadiness", "/readyz", 200);
    await judge("getOpenApi", "/api/openapi.json", 200);

    const nobody = { body: { id: "nobody" } };
    const { body: failure } = await judge("enqueueVerify", "/api/v1/jobs/verify?wait=60", 404, nobody);
    const post = { method: "POST" };
    await judge("pauseQueue", "/api/v1/queues/checksum/pause", 200, post);
    await judge("pauseQueue", "/api/v1/queues/nowhere/pause", 404, post);
    await judge("retryJob", `/api/v1/jobs/checksum/${failure.job}/retry`, 200, post);
    await judge("retryJob", `/api/v1/jobs/checksum/${failure.job}/retry`, 409, post);
    await judge("removeJob", "/api/v1/jobs/checksum/none/remove", 404, post);
    await judge("retryJobs", "/api/v1/jobs/retry", 200, { body: { state: "failed" } });
    await judge("retryJobs", "/api/v1/jobs/retry", 422, { body: {} });
    await judge("removeJobs", "/api/v1/jobs/remove", 200, { body: { state: "completed", queue: "mount" } });
    await judge("resumeQueue", "/api/v1/queues/checksum/resume", 200, post);
    await judge("enqueueVerify", "/api/v1/jobs/verify", 422, { body: { id: 7 } });
    await judge("enqueueTag", "/api/v1/jobs/tag", 422, { body: { id: "base", name: "Web" } });
    await judge("enqueueUntag", "/api/v1/jobs/untag?wait=60", 404, { body: { name: "nobody" } });
    await judge("enqueueVerify", "/api/v1/jobs/verify", 400, { body: "{" });
    await judge("enqueueVerify", "/api/v1/jobs/verify?wait=x", 400, { body: { id: "base" } });
    await judge("cancelJob", `/api/v1/jobs/store/${stored.id}`, 409, { method: "DELETE" });
    await judge("getJob", "/api/v1/jobs/store/none", 404);
    await judge("getImage", "/api/v1/images/none", 404);

    const withJson = api.operations.filter(({ description: { responses } }) =>
      Object.entries(responses).some(([status, response]) => {
        const { content = {} } = response as { content?: object };
        return Number(status) < 300 && "application/json" in content;
      }),
    );
    expect(withJson.map(({ id }) => id).filter((id) => !judged.has(id))).toEqual(["cancelJob"]);
  };
  await servingHttp(dock, judgeAll, { worker });
});
