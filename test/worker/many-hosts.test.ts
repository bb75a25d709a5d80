// Workers of several hosts on one root and one Redis: real processes, each host with its own mounts, processes and name.
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type JobData, type JobName, keyPrefix } from "../../src/jobs/index.js";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { collect } from "../support/collect.js";
import { runJob, shell, useDock } from "../support/dock.js";
import {
  type NamespaceHost,
  signalThere,
  startHost,
  stopThere,
} from "../support/processes/namespace-host.js";
import { quickLockEnvironment } from "../support/processes/quick-locks.js";
import { type Running, startStevedore } from "../support/processes/stevedore.js";

const dock = useDock();
/** `web-1` is known by its system's name, the other by the flag. */
let hosts: readonly [NamespaceHost, NamespaceHost];
beforeAll(async () => {
  hosts = await Promise.all([startHost("web-1"), startHost("elsewise")]);
  // Outside the root each has a disk of its own.
  mkdirSync(join(dock.scratch, "mnt"));
  for (const host of hosts) await host.shell(`mount -t tmpfs tmpfs ${join(dock.scratch, "mnt")}`);
});
afterAll(async () => {
  for (const host of hosts) await host[Symbol.asyncDispose]();
});

interface Shared {
  readonly root: string;
  readonly graph: string;
  readonly producer: Producer;
  /** Starts a worker of either host and waits until it serves. */
  serve(at: 0 | 1, env?: Record<string, string>): Promise<Running>;
  /** Enqueues a job on a queue of somebody's choice, past the producer, and waits for its result. */
  misplace<Name extends JobName>(queue: string, name: Name, data: JobData<Name>): Promise<unknown>;
  command(...args: string[]): Running;
}

/** A fresh root, a producer, and what workers of it are started, which end with it. */
async function openRoot(): Promise<Shared & AsyncDisposable> {
  const root = mkdtempSync(join(dock.scratch, "root-"));
  const graph = `g-${randomUUID()}`;
  const flags = ["--redis", dock.redis, "--graph", graph];
  const producer = openProducer({ redis: dock.redis, graph });
  const connection = new Redis(dock.redis, { maxRetriesPerRequest: null });
  const workers: Running[] = [];
  const targets = ["--mount-dir", join(root, "mounts"), "--mount-dir", join(dock.scratch, "mnt")];
  return {
    root,
    graph,
    producer,
    async serve(at, env = {}) {
      const own = at === 0 ? [] : ["--host", "web-2"];
      const args = ["worker", ...flags, ...own, ...targets, "--allow-source", dock.scratch];
      const worker = hosts[at].start(args, { root, env: { ...quickLockEnvironment, ...env } });
      workers.push(worker);
      await worker.says(/ serving .* as host web-[12];/);
      return worker;
    },
    async misplace(name, job, data) {
      const queue = new Queue(name, { connection, prefix: keyPrefix(graph) });
      const jobId = randomUUID();
      await queue.add(job, data, { jobId });
      await queue.close();
      return producer.wait({ id: jobId, name: job, queue: name as "mount" });
    },
    command: (...args) => startStevedore([...args, ...flags], { root }),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(workers.map((worker) => stopThere(worker)));
      connection.disconnect();
      await producer.close();
    },
  };
}

async function storeBase(producer: Producer): Promise<void> {
  await runJob(producer, "store", { image: { id: "base" }, layer: { path: dock.archive } });
}

describe("two hosts that serve one root", () => {
  let shared: Shared & AsyncDisposable;
  let second: Running;
  beforeAll(async () => {
    shared = await openRoot();
    [, second] = await Promise.all([shared.serve(0), shared.serve(1)]);
    await storeBase(shared.producer);
  });
  afterAll(() => shared[Symbol.asyncDispose]());

  it("each mount what is for them, and end it, whoever is asked", async () => {
    const { producer, misplace, command, root } = shared;
    const [one, two] = await Promise.all([
      runJob(producer, "mount", { id: "base", host: "web-1" }),
      runJob(producer, "mount", { id: "base", host: "web-2" }),
    ]);
    expect([one.host, two.host]).toEqual(["web-1", "web-2"]);
    expect(hosts.map((host) => host.mounted(dock.scratch))).toEqual([[one.target], [two.target]]);
    expect(shell(`findmnt --noheadings ${one.target} ${two.target} || echo none here`)).toBe("none here");

    const seen = await hosts[0].start(["mounts", "--json"], { root }).ended;
    expect(seen.json.map(({ host, state }: Record<string, string>) => `${host} ${state}`).sort()).toEqual([
      "web-1 mounted",
      "web-2 elsewhere",
    ]);

    // Written where it is mounted, and told by whichever worker takes the job.
    await hosts[1].shell(`echo x > ${two.target}/new`);
    const asked = Array.from({ length: 8 }, () => runJob(producer, "changes", { mountId: two.mountId }));
    for (const { changes } of await Promise.all(asked))
      expect(changes).toContainEqual({ kind: "add", path: "/new" });

    // By the wrong host, for certain.
    const committed = { mountId: two.mountId, image: { id: "next" } };
    expect(await misplace("store@web-1", "commit", { ...committed, host: "web-2" })).toMatchObject({
      ...{ id: "next", parent: "base", stored: true },
    });
    expect(readFileSync(join(root, "graph/next/layer/new"), "utf8")).toBe("x\n");
    const facts = JSON.parse(readFileSync(join(root, "graph/next/layer.json"), "utf8"));
    expect(facts.jobId).toMatch(/\.web-2$/);
    const ended = await misplace("mount@web-1", "unmount", { target: two.target, host: "web-2" });
    expect(ended).toEqual({ mountId: two.mountId, target: two.target });
    expect(await command("unmount", one.mountId).ended).toMatchObject({
      code: 0,
      stdout: `${one.mountId}\n`,
    });
    expect(hosts.map((host) => host.mounted(dock.scratch))).toEqual([[], []]);
    expect(readdirSync(join(root, "mounts"))).toEqual([]);

    const left = Object.values(await producer.counts()).map(({ waiting, active, delayed }) => [
      ...[waiting, active, delayed],
    ]);
    expect(left.flat().filter((count) => count > 0)).toEqual([]);
    expect(await producer.hosts()).toEqual(["web-1", "web-2"]);
  });

  it("have each their own mount on the same path, which is then ambiguous without a host", async () => {
    const { producer } = shared;
    const target = join(dock.scratch, "mnt/web");
    for (const host of ["web-1", "web-2"]) await runJob(producer, "mount", { id: "base", target, host });
    expect(hosts.map((host) => host.mounted(dock.scratch))).toEqual([[target], [target]]);
    await expect(runJob(producer, "unmount", { target })).rejects.toMatchObject({
      code: "AMBIGUOUS_ID",
      message: expect.stringMatching(/web-1.*web-2|web-2.*web-1/),
    });
    await expect(runJob(producer, "mount", { id: "base", target, host: "web-1" })).rejects.toMatchObject({
      code: "ALREADY_MOUNTED",
    });
    await runJob(producer, "unmount", { target, host: "web-2" });
    expect(hosts.map((host) => host.mounted(dock.scratch))).toEqual([[target], []]);
    await runJob(producer, "unmount", { target });
    expect(hosts.map((host) => host.mounted(dock.scratch))).toEqual([[], []]);
  });

  it("end a job that one has left to the other, when it is cancelled", async () => {
    const { producer, misplace } = shared;
    const { mountId } = await runJob(producer, "mount", { id: "base", host: "web-2" });
    signalThere(second, "SIGSTOP");
    try {
      const left = misplace("mount@web-1", "changes", { mountId, host: "web-2" });
      left.catch(() => undefined);
      const waiting = async () => {
        const [job, ...others] = await collect(producer.jobs({ state: "waiting-children" }));
        expect(others).toEqual([]);
        expect(job?.queue).toBe("mount@web-1");
        return job?.id ?? "";
      };
      const id = await vi.waitFor(waiting, { timeout: 10_000 });
      expect(await producer.job(`${id}.web-2`)).toMatchObject({ queue: "mount@web-2", state: "waiting" });
      expect(await producer.cancel(id)).toBe(true);
      await expect(left).rejects.toMatchObject({ code: "CANCELLED" });
      expect(await producer.job(`${id}.web-2`)).toBeUndefined();
    } finally {
      signalThere(second, "SIGCONT");
    }
    await runJob(producer, "unmount", { mountId });
  });

  it("are not joined by one that has another root", async () => {
    const another = mkdtempSync(join(dock.scratch, "root-"));
    const refused = hosts[1].start(["worker", "--redis", dock.redis, "--graph", shared.graph], {
      root: another,
    });
    expect(await refused.ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/QUEUE_UNAVAILABLE: .*another root/),
    });
  });
});

describe("a host whose worker starts", () => {
  it("leaves the work of the others alone, and takes up its own", async () => {
    await using shared = await openRoot();
    const { producer, serve, command, root } = shared;
    const first = await serve(0);
    await storeBase(producer);
    const living = await runJob(producer, "mount", { id: "base", host: "web-1" });
    await stopThere(first, "SIGKILL");

    // A worker of web-1 that dies between mount(2) and its end, and staging of a boot before.
    const tools = mkdtempSync(join(dock.scratch, "tools-"));
    const PATH = `${tools}:${process.env.PATH}`;
    const real = shell("command -v mount");
    const dying = `#!/bin/sh\n${real} "$@"\n[ "$1" = --version ] || kill -9 $PPID\n`;
    writeFileSync(join(tools, "mount"), dying, { mode: 0o755 });
    const second = await serve(0, { PATH });
    const interrupted = await producer.enqueue("mount", { id: "base", host: "web-1" });
    await second.ended;
    const rebooted = "00000000-0000-4000-8000-000000000000.4026531836.1.1";
    const staging = (host: string) => join(root, `graph/:tmp:/${rebooted}.${host}-0123456789abcdef`);
    for (const host of ["web-1", "web-2"]) mkdirSync(staging(host));
    const both = hosts[0].mounted(dock.scratch);
    expect(both).toHaveLength(2);
    expect(both).toContain(living.target);

    const other = await serve(1);
    expect(existsSync(staging("web-2"))).toBe(false);
    expect(existsSync(staging("web-1"))).toBe(true);
    expect(hosts[0].mounted(dock.scratch)).toEqual(both);
    expect(readdirSync(join(root, "mounts"))).toHaveLength(2);
    const [begun = ""] = readdirSync(join(root, "mounts")).filter((name) => name !== living.mountId);
    expect(existsSync(join(root, "mounts", begun, "mounted"))).toBe(false);

    // What nobody of that host can be asked for, its name is told instead.
    await expect(runJob(producer, "unmount", { mountId: living.mountId })).rejects.toMatchObject({
      code: "NOT_MOUNTED",
      message: expect.stringContaining("web-1"),
    });
    await expect(runJob(producer, "delete", { id: "base" })).rejects.toMatchObject({
      code: "IMAGE_IN_USE",
      message: expect.stringContaining("web-1"),
    });
    const checked = await command("check", "--json", "--host", "web-2").ended;
    expect(checked).toMatchObject({
      code: 0,
      json: { findings: [], elsewhere: [{ host: "web-1", staging: 1, mounts: 2 }] },
    });

    await serve(0);
    expect(existsSync(staging("web-1"))).toBe(false);
    expect(existsSync(join(root, "mounts", begun, "mounted"))).toBe(true);
    // Taken up again when the lock of its worker has run out, the job finds its mount; unmounted before, it would mount anew.
    expect(await producer.wait(interrupted)).toMatchObject({ mountId: begun });
    for (const mountId of [begun, living.mountId]) await runJob(producer, "unmount", { mountId });
    expect(hosts[0].mounted(dock.scratch)).toEqual([]);
    await runJob(producer, "delete", { id: "base" });
    expect((await stopThere(other)).code).toBe(0);
  });
});

describe("a job for a host that nobody serves", () => {
  it("waits where everybody sees it, and can be cancelled", async () => {
    await using shared = await openRoot();
    const { producer, command } = shared;
    const events = await producer.events();
    const asking = command("mount", "base", "--host", "late");
    await asking.says(/no worker of host late serves .*: stevedore worker --host late starts one/);
    const [job, ...others] = await collect(producer.jobs());
    expect(job).toMatchObject({ queue: "mount@late", name: "mount", state: "waiting" });
    expect(others).toEqual([]);
    expect(await producer.job(job?.id ?? "")).toEqual(job);
    expect(await producer.counts()).toMatchObject({ "mount@late": { waiting: 1 } });
    expect((await events.next()).value).toMatchObject([
      { queue: "mount@late", id: job?.id, state: "waiting" },
    ]);
    await events.return();
    expect(await producer.cancel(job?.id ?? "")).toBe(true);
    expect(await asking.ended).toMatchObject({ code: 1, stderr: expect.stringContaining("CANCELLED") });
  });
});
