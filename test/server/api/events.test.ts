// What happens to jobs as server-sent events: to one job, and to all.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { type Job, Queue, UnrecoverableError, Worker } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { keyPrefix } from "../../../src/jobs/index.js";
import { useDock } from "../../support/dock.js";
import { openEvents, type ServerSentEvent } from "../../support/http/event-source.js";
import { type HttpService, servingHttp } from "../../support/http/http-server.js";
import { openManyStreams } from "../../support/http/many-streams.js";
import { startStevedore } from "../../support/processes/stevedore.js";

const dock = useDock();

interface Scene extends HttpService {
  readonly redis: Redis;
  readonly queue: Queue;
  /** Lets a worker of BullMQ's own do the jobs of the queue `checksum`. */
  work(what: (job: Job) => Promise<unknown>): Worker;
  /** Adds a line to a job's log as our own workers do. */
  log(id: string, line: string, at: number): Promise<void>;
  /** Enqueues a checksum; returns its id and the path of its events. */
  enqueue(): Promise<{ readonly id: string; readonly path: string }>;
}

/** A server, and a queue that does what the test says. */
async function scene(use: (scene: Scene) => Promise<void>): Promise<void> {
  await servingHttp(
    dock,
    async (service) => {
      const redis = new Redis(dock.redis, { maxRetriesPerRequest: null });
      const prefix = keyPrefix(service.graphName);
      const queue = new Queue("checksum", { connection: redis, prefix });
      const workers: Worker[] = [];
      try {
        await use({
          ...service,
          redis,
          queue,
          work(what) {
            const worker = new Worker("checksum", what, { connection: redis, prefix, concurrency: 10 });
            workers.push(worker);
            return worker;
          },
          async log(id, line, at) {
            await redis.rpush(`${queue.toKey(id)}:logs`, `${new Date(at).toISOString()} ${line}`);
            await redis.xadd(queue.toKey("events"), "*", "event", "log", "jobId", id, "line", line, "at", at);
          },
          async enqueue() {
            const { body } = await service.ask("/api/v1/jobs/checksum", { body: { id: randomUUID() } });
            return { id: body.id, path: `${service.url}/api/v1/jobs/checksum/${body.id}/events` };
          },
        });
      } finally {
        for (const worker of workers) await worker.close(true);
        await queue.close();
        redis.disconnect();
      }
    },
    { worker: false },
  );
}

const progress = (done: number) => ({ phase: "checksum", done, total: 10, unit: "bytes" }) as const;
const brief = ({ event, data }: ServerSentEvent) => [event, data.state ?? data.done ?? data.line];

/** Something to be waited for, and what ends that. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe.concurrent("the events of a job", () => {
  it("are its states, its progress, the lines of its log and its result, and then they end", () =>
    scene(async ({ enqueue, work, log }) => {
      const { id, path } = await enqueue();
      const source = await openEvents(path);
      expect(Object.fromEntries(source.response.headers)).toMatchObject({
        ...{ "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" },
        ...{ "x-accel-buffering": "no", "x-content-type-options": "nosniff" },
      });
      await source.next(({ data }) => data.state === "waiting");
      const at = Date.now();
      work(async (job) => {
        await job.updateProgress(progress(1));
        await log(id, "a <b>line</b>", at);
        return { ok: true };
      });
      const events = await source.ended;
      expect(events.map(({ event, data }) => [event, data])).toEqual([
        ["state", { state: "waiting" }],
        ["state", { state: "active" }],
        ["progress", progress(1)],
        ["log", { line: "a <b>line</b>", at }],
        ["state", { state: "completed", result: { ok: true } }],
      ]);
      const ids = events.map((each) => each.id);
      expect(new Set(ids).size).toBe(5);
      for (const each of ids) expect(each).toMatch(/^\d+-\d+$/);
    }));

  it("begin with where it stands for whoever comes later", () =>
    scene(async ({ enqueue, work, log }) => {
      const { id, path } = await enqueue();
      const [begun, end] = [gate(), gate()];
      work(async (job) => {
        await job.updateProgress(progress(3));
        await log(id, "one", 1);
        await log(id, "two", 2);
        begun.open();
        await end.opened;
        throw new UnrecoverableError("IMAGE_BROKEN: <script>");
      });
      await begun.opened;
      const source = await openEvents(path);
      await source.next(({ data }) => data.line === "two");
      expect(source.events.map(brief)).toEqual([
        ["state", "active"],
        ["progress", 3],
        ["log", "one"],
        ["log", "two"],
      ]);
      // Only the last has an id: who has not heard all begins anew.
      expect(source.events.map((each) => each.id !== "")).toEqual([false, false, false, true]);
      end.open();
      const error = { code: "IMAGE_BROKEN", message: "<script>" };
      expect((await source.ended).at(-1)).toMatchObject({ event: "state", data: { state: "failed", error } });

      const late = await openEvents(path);
      expect((await late.ended).map(brief)).toEqual([
        ["log", "one"],
        ["log", "two"],
        ["state", "failed"],
      ]);
    }));

  it("go on after the last that was heard, none left out and none twice", () =>
    scene(async ({ enqueue, work, log }) => {
      const { id, path } = await enqueue();
      const all = await openEvents(path);
      const steps = Array.from({ length: 10 }, gate);
      work(async (job) => {
        for (const [at, step] of steps.entries()) {
          await step.opened;
          await job.updateProgress(progress(at));
          await log(id, `line ${at}`, at);
        }
        return {};
      });
      for (const step of steps.slice(0, 5)) step.open();
      await all.next(({ data }) => data.line === "line 4");
      const heard = [...all.events];
      // One from after each event, all at once; one of them twice.
      const sources = await Promise.all(
        [...heard, ...heard.slice(3, 4)].map((event) =>
          openEvents(path, { headers: { "last-event-id": event.id } }),
        ),
      );
      for (const step of steps.slice(5)) step.open();
      const total = await all.ended;
      for (const [at, source] of sources.entries()) {
        const from = at === heard.length ? 3 : at;
        expect(await source.ended).toEqual(total.slice(from + 1));
      }
    }));

  it("begin with where it stands if the last that was heard is from the past, from elsewhere, or no id", () =>
    scene(async ({ enqueue, redis, queue, log }) => {
      const { id, path } = await enqueue();
      const source = await openEvents(path);
      const { id: first } = await source.next(() => true);
      source.close();
      await log(id, "line", 7);
      await redis.xtrim(queue.toKey("events"), "MAXLEN", 1);
      const future = `${Date.now() + 1e9}-0`;
      for (const lastEventId of [first, "0-0", "1-1", future, "x", "1", "-1-2", "9".repeat(40), "<script>"]) {
        const later = await openEvents(path, { headers: { "last-event-id": lastEventId } });
        await later.next(({ event }) => event === "log");
        expect(later.events.map(brief)).toEqual([
          ["state", "waiting"],
          ["log", "line"],
        ]);
        later.close();
      }
    }));

  it("are none for whoever has heard the end", () =>
    scene(async ({ enqueue, work, ask }) => {
      const { id, path } = await enqueue();
      const source = await openEvents(path);
      work(async () => ({}));
      const last = (await source.ended).at(-1)?.id ?? "";
      const headers = { "last-event-id": last };
      expect(await ask(`/api/v1/jobs/checksum/${id}/events`, { headers })).toMatchObject({ status: 204 });
    }));

  it("of a job or a queue that is not there are a problem", () =>
    scene(async ({ ask }) => {
      for (const path of [
        "checksum/nothing",
        "nothing/x",
        "store@nowhere/x",
        `checksum/${"x".repeat(129)}`,
      ]) {
        const { status, body } = await ask(`/api/v1/jobs/${path}/events`);
        expect([400, 404]).toContain(status);
        expect(body.status).toBe(status);
      }
    }));

  it("end when the server stops, and are let go when the client does", async () => {
    let staying: Promise<readonly ServerSentEvent[]> | undefined;
    await scene(async ({ enqueue, redis }) => {
      const { path } = await enqueue();
      const leaving = await openEvents(path);
      await leaving.next(() => true);
      leaving.close();
      await expect(leaving.ended).rejects.toThrow();
      const source = await openEvents(path);
      await source.next(() => true);
      staying = source.ended;
      expect(await redis.ping()).toBe("PONG");
    });
    expect((await staying)?.map(brief)).toEqual([["state", "waiting"]]);
  });
});

describe.concurrent("the events of all jobs", () => {
  it("are those of every queue", () =>
    scene(async ({ url, enqueue, work, ask }) => {
      const source = await openEvents(`${url}/api/v1/events`);
      const { id } = await enqueue();
      work(async (job) => {
        await job.updateProgress(progress(1));
        return {};
      });
      await source.next(({ data }) => data.id === id && data.state === "completed");
      const { body } = await ask("/api/v1/jobs/mount", { body: { id: "a" } });
      await source.next(({ data }) => data.id === body.id);
      const common = { id, queue: "checksum", at: expect.any(Number) };
      expect(
        source.events.filter(({ data }) => data.id === id).map(({ event, data }) => [event, data]),
      ).toEqual([
        ["job", { ...common, state: "waiting" }],
        ["job", { ...common, state: "active" }],
        ["job", { ...common, state: "active", progress: progress(1) }],
        ["job", { ...common, state: "completed" }],
      ]);
      source.close();
    }));
});

describe("a client that does not read", () => {
  it("is left out of progress, and cut off from the rest, which it hears when it comes again", () =>
    scene(async ({ enqueue, url, redis, queue }) => {
      const { id, path } = await enqueue();
      const all = await openEvents(path);
      const { hostname, port, host, pathname } = new URL(path);
      const idle = connect(Number(port), hostname);
      idle.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      await once(idle, "readable");
      expect(String(idle.read())).toContain("200 OK");
      let isCut = false;
      idle.on("close", () => {
        isCut = true;
      });
      // More than the sockets between hold: it comes to wait in the server.
      const text = "x".repeat(100_000);
      const tell = async (event: Readonly<Record<string, string | number>>) =>
        redis.xadd(queue.toKey("events"), "*", ...Object.entries({ ...event, jobId: id }).flat());
      for (let done = 0; done < 300; done++) {
        const data = JSON.stringify({ ...progress(done), phase: text });
        await tell({ event: "progress", data });
      }
      await all.next(({ data }) => data.done === 299);
      // It learns of the end only by reading.
      const ended = once(idle, "close");
      // Whoever reads is not cut off: each line is heard before the next is told.
      for (let line = 0; line < 100; line++) {
        await tell({ event: "log", line: `${line} ${text}`, at: line });
        await all.next(({ data }) => data.at === line);
      }
      expect(isCut).toBe(false);
      let heard = "";
      idle.setEncoding("utf8").on("data", (more: string) => {
        heard += more;
      });
      idle.on("error", () => undefined);
      await ended;
      const [last = ""] = [...heard.matchAll(/^id: (\S+)$/gm)].map(([, each]) => each).slice(-1);
      const count = [...heard.matchAll(/^event: progress$/gm)].length;
      expect(count).toBeLessThan(300);
      expect(heard).not.toContain("event: log\nid: 99");
      const again = await openEvents(`${url}${pathname}`, { headers: { "last-event-id": last } });
      await again.next(({ data }) => data.at === 99);
      const lines = [...heard.matchAll(/"line":"(\d+) x+","at":\d+\}\n\n/g)].map(([, line]) => Number(line));
      const rest = again.events.filter(({ event }) => event === "log").map(({ data }) => data.at);
      expect([...lines, ...rest]).toEqual(Array.from({ length: 100 }, (_, line) => line));
      all.close();
      again.close();
    }));
});

describe("two thousand streams", () => {
  it("all get the progress of their jobs, from one server with less than 400 MiB", () =>
    scene(async ({ producer, graphName, root, work }) => {
      const { jobs, streams } = { jobs: 10, streams: 2_000 };
      const data = Array.from(
        { length: jobs },
        (_, n) => ({ name: "checksum", data: { id: `i-${n}` } }) as const,
      );
      const ids = (await producer.enqueueAll(data)).map(({ id }) => id);
      const [begun, end] = [gate(), gate()];
      let active = 0;
      work(async (job) => {
        active += 1;
        if (active === jobs) begun.open();
        await end.opened;
        await job.updateProgress(progress(ids.indexOf(job.id ?? "")));
      });
      const args = ["server", "--listen", "0", "--redis", dock.redis, "--graph", graphName];
      const server = startStevedore(args, { root });
      try {
        await server.says(/listening on http/);
        const url = /http:[^ ]+/.exec(server.output())?.[0] ?? "";
        const texts: string[] = new Array(streams).fill("");
        const all = gate();
        let told = 0;
        const path = (stream: number) => `/api/v1/jobs/checksum/${ids[stream % jobs]}/events`;
        await using _streams = await openManyStreams(url, path, streams, (stream, text) => {
          const isTold = texts[stream]?.includes("event: progress");
          texts[stream] += text;
          if (!isTold && texts[stream]?.includes("event: progress") && ++told === streams) all.open();
        });
        await begun.opened;
        end.open();
        await all.opened;
        for (const [stream, text] of texts.entries()) {
          const own = JSON.stringify(progress(stream % jobs));
          if (!text.includes(`data: ${own}`)) expect.fail(`the stream ${stream} got ${text}`);
        }
        const status = readFileSync(`/proc/${server.process.pid}/status`, "utf8");
        expect(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024).toBeLessThan(400);
      } finally {
        await server.stop();
      }
    }));
});
