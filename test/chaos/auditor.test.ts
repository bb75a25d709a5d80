// The auditor finds what is planted, and nothing where all is well.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { JobName, JobResult } from "../../src/jobs/index.js";
import type { NewJob, Producer } from "../../src/producer/index.js";
import { unmountBelow } from "../support/mounts/mounted.js";
import { shell } from "../support/processes/shell.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";
import { auditBlockFiles, auditBlockKeys } from "./auditor/block-audit.js";
import { auditGraph } from "./auditor/graph-audit.js";
import { auditHost, trialVariable } from "./auditor/host-audit.js";
import { auditQueue, noteEnds } from "./auditor/queue-audit.js";
import { type Content, makeContents } from "./contents.js";
import { type AcknowledgedJob, type Ledger, openLedger } from "./ledger.js";
import { openService, type Service } from "./service.js";

let scratch: string;
let root: string;
let contents: Content[];
let server: TestDatabase;
let service: Service;
let producer: Producer;
let redis: Redis;
let ledger: Ledger;
let mount: JobResult<"mount">;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "stevedore-auditor-"));
  root = join(scratch, "root");
  contents = await makeContents(join(scratch, "contents"));
  server = await openDatabase();
  service = openService({ root, redis: server.url, sources: join(scratch, "contents") });
  await service.start();
  producer = service.openProducer();
  redis = service.openRedis();
  ledger = openLedger();
  for (const id of ["a", "b", "gone"]) {
    const content = contents.find(({ name }) => name === "tiny") as Content;
    await run(
      { name: "store", data: { image: { id }, layer: { path: content.archive } } },
      { image: id, content },
    );
  }
  await run({ name: "checksum", data: { id: "a" } }, { image: "a" });
  await run({ name: "delete", data: { id: "gone" } }, { image: "gone" });
  mount = await run({ name: "mount", data: { id: "b" } }, { image: "b" });
  await noteEnds(redis, service.graph, ledger);
});
afterAll(async () => {
  await service.killWorker();
  redis.disconnect();
  await producer.close();
  await server[Symbol.asyncDispose]();
  unmountBelow(scratch);
  rmSync(scratch, { recursive: true, force: true });
});

async function run<Name extends JobName>(
  job: NewJob<Name>,
  note: Partial<AcknowledgedJob>,
): Promise<JobResult<Name>> {
  const enqueued = await producer.enqueue(job.name, job.data as never);
  ledger.jobs.push({ mayFail: [], ...note, ...enqueued });
  return (await producer.wait(enqueued)) as JobResult<Name>;
}

async function audit(): Promise<string[]> {
  return [
    ...(await auditQueue(redis, service.graph, ledger)),
    ...(await auditGraph(root, ledger, { contents, isQuiet: true })),
    ...auditHost(root, ledger, { expectedPids: service.pids() }),
  ];
}

it("finds nothing where all is well", async () => {
  expect(await audit()).toEqual([]);
});

/** What is done to an image's directory, and what of it is found. */
const damagedImages: [damage: string, plant: (image: string) => unknown, found: RegExp][] = [
  [
    "the image is gone",
    (image) => rmSync(image, { recursive: true }),
    /the image a, stored by job .*, is gone/,
  ],
  [
    "its record is empty",
    (image) => writeFileSync(join(image, "json"), ""),
    /a is half: json is missing or no JSON/,
  ],
  [
    "its record is another's",
    (image) => writeFileSync(join(image, "json"), '{"id":"b"}'),
    /a is half: json is of b/,
  ],
  ["its facts are gone", (image) => rmSync(join(image, "layer.json")), /a is half: layer.json is missing/],
  [
    "its layer is gone",
    (image) => rmSync(join(image, "layer"), { recursive: true }),
    /a is half: it has no layer/,
  ],
  [
    "a file of it is gone",
    (image) => rmSync(join(image, "layer/again")),
    /a is half: its layer is not the tree of tiny/,
  ],
  [
    "a byte of it is another",
    (image) => overwrite(join(image, "layer/greeting")),
    /its layer is not the tree of tiny/,
  ],
  [
    "a time of it is another",
    (image) => utimesSync(join(image, "layer/greeting"), 1, 1),
    /not the tree of tiny/,
  ],
  [
    "something lies beside it",
    (image) => writeFileSync(join(image, "json.new"), ""),
    /a is half: it holds json.new/,
  ],
  [
    "its checksum is another",
    (image) => mangle(join(image, "checksum.json")),
    /the checksum of image a is sha256:/,
  ],
  [
    "its checksum is half",
    (image) => writeFileSync(join(image, "checksum.json"), "{"),
    /checksums of image a are half/,
  ],
  ["its checksum is gone", (image) => rmSync(join(image, "checksum.json")), /was answered and is not stored/],
];

it.each(damagedImages)("finds that %s", async (_, plant, found) => {
  const image = join(root, "graph/a");
  const whole = join(scratch, "whole");
  await shell(`cp -a '${image}' '${whole}'`);
  try {
    await plant(image);
    expect(await audit()).toContainEqual(expect.stringMatching(found));
  } finally {
    rmSync(image, { recursive: true, force: true });
    renameSync(whole, image);
  }
  expect(await audit()).toEqual([]);
});

/** What is done to the rest of the root, to the host and to the queue; each undoes itself. */
const otherDamage: [damage: string, plant: () => Promise<() => unknown>, found: RegExp][] = [
  ["staging was left", () => left("graph/:tmp:/x"), /:tmp:\/x was left/],
  ["an upload was left", () => left("inbox/x"), /inbox\/x was left/],
  ["a deleted image is there", () => copied("gone"), /the image gone was deleted and is there/],
  ["an image is of nobody", () => copied("stranger"), /the image stranger is of no job/],
  ["a mount is gone", unmounted, /the mount .* of b on .* is gone/],
  ["a mount was left", bound, /extra is still mounted/],
  ["a mount's folder was left", () => left("mounts/0123456789abcdef"), /mounts\/0123456789abcdef was left/],
  ["a process was left", sleeping, /the process \d+ was left: sleep 1000/],
  ["a socket was left", listening, /the socket .*\/extra.sock was left/],
  ["a job is lost", forgotten, /the job \S+ \(store a\) was acknowledged and is lost/],
  ["a job has not ended", waiting, /1 jobs have not ended/],
  ["a job failed", failed, /the job \S+ \(verify nobody\) failed: IMAGE_NOT_FOUND/],
];

it.each(otherDamage)("finds that %s", async (_, plant, found) => {
  const undo = await plant();
  try {
    expect(await audit()).toContainEqual(expect.stringMatching(found));
  } finally {
    await undo();
  }
  expect(await audit()).toEqual([]);
});

/** Changes a file's first byte and nothing else, its time included. */
async function overwrite(path: string): Promise<void> {
  await shell(
    `touch -r '${path}' time; printf X | dd of='${path}' conv=notrunc status=none; touch -r time '${path}'`,
    { cwd: scratch },
  );
}

function mangle(path: string): void {
  const text = readFileSync(path, "utf8");
  writeFileSync(
    path,
    text.replace(/"checksum":"sha256:(.)/, (_, digit) => `"checksum":"sha256:${digit === "0" ? "1" : "0"}`),
  );
}

async function left(name: string) {
  mkdirSync(join(root, name), { recursive: true });
  return () => rmSync(join(root, name), { recursive: true });
}

async function copied(name: string) {
  cpSync(join(root, "graph/b"), join(root, "graph", name), { recursive: true });
  return () => rmSync(join(root, "graph", name), { recursive: true });
}

async function unmounted() {
  await shell(`mount --move '${mount.target}' elsewhere`, { cwd: await fresh("elsewhere") });
  return () => shell(`mount --move elsewhere '${mount.target}'`, { cwd: scratch });
}

async function bound() {
  mkdirSync(join(root, "extra"));
  await shell(`mount --bind '${scratch}/contents' '${root}/extra'`);
  return async () => {
    await shell(`umount '${root}/extra'`);
    rmSync(join(root, "extra"), { recursive: true });
  };
}

async function sleeping() {
  const child = spawn("sleep", ["1000"], { env: { PATH: process.env.PATH, [trialVariable]: root } });
  await once(child, "spawn");
  return async () => {
    child.kill();
    await once(child, "exit");
  };
}

async function listening() {
  const listener = createServer().listen(join(root, "extra.sock"));
  await once(listener, "listening");
  return () => new Promise((resolve) => listener.close(resolve));
}

async function forgotten() {
  const { id } = ledger.jobs.find(({ name, image }) => name === "store" && image === "a") as AcknowledgedJob;
  const end = ledger.ends.get(id);
  ledger.ends.delete(id);
  const key = `{stevedore:${service.graph}}:store:${id}`;
  await redis.rename(key, `${key}-aside`);
  return async () => {
    await redis.rename(`${key}-aside`, key);
    if (end !== undefined) ledger.ends.set(id, end);
  };
}

async function waiting() {
  // A job of a kind that no worker takes from there.
  const key = `{stevedore:${service.graph}}:store:delayed`;
  await redis.zadd(key, Number.MAX_SAFE_INTEGER, "nobody");
  return () => redis.zrem(key, "nobody");
}

async function failed() {
  const job = await producer.enqueue("verify", { id: "nobody" });
  await producer.wait(job).catch(() => undefined);
  ledger.jobs.push({ ...job, image: "nobody", mayFail: [] });
  await noteEnds(redis, service.graph, ledger);
  return () => {
    ledger.jobs.pop();
    ledger.ends.delete(job.id);
  };
}

async function fresh(name: string): Promise<string> {
  mkdirSync(join(scratch, name), { recursive: true });
  return scratch;
}

/** What is left in Redis of blocks, and whether it is found where a worker was killed, too. */
const leftBlocks: [what: string, key: string, expiry: number | undefined, abandoned: boolean][] = [
  ["a block", "{stevedore:chaos:0123}:input", 60_000, false],
  ["a block that never expires", "{stevedore:chaos:0123}:output", undefined, true],
  ["a block that expires too late", "{stevedore:chaos:0123}:output", 6_000_000, true],
  ["a job of a block", "{stevedore:chaos}:compress:b0123", 60_000, true],
];

it.each(leftBlocks)("finds that %s is left in Redis", async (_, key, expiry, abandoned) => {
  await redis.set(key, "left");
  if (expiry !== undefined) await redis.pexpire(key, expiry);
  const audited = (mayAbandon: boolean) => auditBlockKeys(redis, service.graph, new Set(), mayAbandon);
  const found = expect.stringContaining(`${key} was left`);
  expect(await audited(false)).toEqual([found]);
  expect(await audited(true)).toEqual(abandoned ? [found] : []);
  await redis.del(key);
  expect(await audited(false)).toEqual([]);
});

it("finds that a block is left in the root", async () => {
  mkdirSync(join(root, "blocks"), { recursive: true });
  expect(auditBlockFiles(root)).toEqual([]);
  writeFileSync(join(root, "blocks/xz-6-0"), "");
  expect(auditBlockFiles(root)).toEqual(["blocks/xz-6-0 was left"]);
  rmSync(join(root, "blocks/xz-6-0"));
});
