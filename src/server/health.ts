// Liveness and readiness for orchestrators: does the process run, and can it do its work.
import { statfs } from "node:fs/promises";
import { z } from "zod";
import { queueNames } from "../jobs/index.js";
import type { App, ServerContext } from "./context.js";

const check = z.object({ ok: z.boolean(), detail: z.string() });

const health = z.object({ status: z.literal("ok") }).meta({ id: "Health" });

const readiness = z
  .object({
    ready: z.boolean(),
    checks: z.object({ redis: check, root: check, disk: check, worker: check }),
    paused: z
      .array(z.string())
      .nullable()
      .meta({ description: "The queues that are paused, which is no fault; null while Redis is away" }),
  })
  .meta({ id: "Readiness" });

type Check = z.infer<typeof check>;

/** The free space below which the root is not ready, in bytes. */
const leastFree = 64 * 1024 ** 2;

/** `/healthz` and `/readyz`, without a token: they say nothing about the images. */
export function addHealthRoutes(app: App, context: ServerContext): void {
  app.get(
    "/healthz",
    {
      config: { access: "anyone" },
      schema: {
        operationId: "getHealth",
        tags: ["health"],
        summary: "The process lives",
        response: { 200: health },
      },
    },
    async () => ({ status: "ok" as const }),
  );
  app.get(
    "/readyz",
    {
      config: { access: "anyone" },
      schema: {
        operationId: "getReadiness",
        tags: ["health"],
        summary: "Redis takes writes, and the root, disk space and a worker are there",
        response: { 200: readiness, 503: readiness },
      },
    },
    async (_request, reply) => {
      const [redis, worker, root, disk, paused] = await Promise.all([
        checkRedis(context),
        checkWorker(context),
        checkRoot(context),
        checkDisk(context),
        context.producer.paused().catch(() => null),
      ]);
      const checks = { redis, root, disk, worker };
      const ready = Object.values(checks).every(({ ok }) => ok);
      if (!ready) reply.header("retry-after", "5");
      return reply.code(ready ? 200 : 503).send({ ready, checks, paused });
    },
  );
}

async function checkRedis({ producer }: ServerContext): Promise<Check> {
  return checked(async () => {
    await producer.assertWritable();
    return { ok: true, detail: "answers" };
  });
}

async function checkWorker({ producer, graphName }: ServerContext): Promise<Check> {
  return checked(async () => {
    const workers = await Promise.all(queueNames.map((queue) => producer.workers(queue)));
    const ok = workers.every((count) => count > 0);
    return { ok, detail: ok ? "serves" : `no worker serves the graph ${JSON.stringify(graphName)}` };
  });
}

async function checkRoot({ graph }: ServerContext): Promise<Check> {
  return checked(async () => {
    await graph.graphId();
    return { ok: true, detail: "is there" };
  });
}

async function checkDisk({ root }: ServerContext): Promise<Check> {
  return checked(async () => {
    const { bavail, bsize } = await statfs(root);
    const free = bavail * bsize;
    return { ok: free >= leastFree, detail: `${free} bytes are free` };
  });
}

async function checked(check: () => Promise<Check>): Promise<Check> {
  try {
    return await check();
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
