// Checksums whose blocks are made by compressors too: workers, compressors and Redis are killed, told to end, or hang.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openProducer, type Producer } from "../../../src/producer/index.js";
import { startRedis, type TestRedis } from "../../support/redis/redis-server.js";
import { auditBlockFiles, auditBlockKeys } from "../auditor/block-audit.js";
import { auditHost, signalTrial, trialVariable } from "../auditor/host-audit.js";
import { noteEnds } from "../auditor/queue-audit.js";
import { type CrewMember, openCrew } from "../crew.js";
import { type BlockLayer, forgetChecksum, recipe, writeBlockLayers } from "../layers.js";
import { openLedger } from "../ledger.js";
import { untilSettled } from "../scene.js";
import { connectPlainly } from "../service.js";
import type { Trial, TrialContext } from "../trial.js";
import { untilTaken } from "../work.js";

const graph = "chaos";
const compressors = 3;
/** A job may lose five workers, then it fails; one that Redis has forgotten for a while may have lost its worker, too. */
const mostLost = 3;
/** Deeds to compressors cost a job nothing but time. */
const mostOfCompressors = 4;
/** How long the checksums of a round may take, in ms. */
const patience = 240_000;
/** In ms. */
const lockDuration = 2_000;

/** A job of a round, and what it must come to. */
interface AskedChecksum {
  readonly id: string;
  readonly layer: BlockLayer;
}

export const blocks: Trial = async (context) => {
  const { directory, random } = context;
  const root = join(directory, "root");
  mkdirSync(root, { recursive: true });
  const layers = await writeBlockLayers(root);
  await using redis = await startRedis();
  const atRedis = ["--redis", redis.url, "--graph", graph, "--threads", "1"];
  const worker: CrewMember = {
    role: "worker",
    args: ["worker", ...atRedis, "--grace", "0"],
    ready: / serving /,
    root,
  };
  const compressor: CrewMember = {
    role: "compressor",
    args: ["compressor", ...atRedis],
    ready: / compressing /,
  };
  // A second worker of the same root takes up what the other has begun.
  const members = [
    ...Array.from({ length: random.chance(0.5) ? 1 : 2 }, () => ({ ...worker })),
    ...Array.from({ length: compressors }, () => ({ ...compressor })),
  ];
  const crew = openCrew(members, {
    [trialVariable]: root,
    STEVEDORE_INTERNAL_LOCK_MS: `${lockDuration}`,
    STEVEDORE_INTERNAL_VERIFIED_XZ: execFileSync("which", ["xz"], { encoding: "utf8" }).trim(),
  });
  const producer = openProducer({ redis: redis.url, graph });
  try {
    await crew.start();
    // Awaited here: Redis and the crew end with this function.
    return await play(context, { root, redis, layers, crew, producer });
  } finally {
    await crew.killAll();
    await producer.close();
    signalTrial(root, "SIGKILL");
  }
};

interface BlockScene {
  readonly root: string;
  readonly redis: TestRedis;
  readonly layers: readonly BlockLayer[];
  readonly crew: ReturnType<typeof openCrew>;
  readonly producer: Producer;
}

async function play(context: TrialContext, { root, redis, layers, crew, producer }: BlockScene) {
  const { random, rounds, longest, kills, log, isOver } = context;
  const deeds = new Map<string, number>();
  const counts = new Map<string, number>();
  const findings: string[] = [];
  const count = (what: string, by: number) => {
    if (by > 0) counts.set(what, (counts.get(what) ?? 0) + by);
  };
  let done = 0;
  let jobs = 0;
  const note = (deed: string) => {
    done++;
    deeds.set(deed, (deeds.get(deed) ?? 0) + 1);
    log(deed);
  };
  const outage = () => random.between(100, Math.min(longest, 4) * 1_000);

  /** One of them is killed, ends or hangs. Returns true if blocks may lie in Redis now that nobody takes back. */
  const doOne = async (victim: CrewMember["role"] | "redis"): Promise<boolean> => {
    if (victim === "redis") return await disturbRedis();
    const member = random.pick(crew.members.filter(({ role }) => role === victim));
    const deed = random.pick(["kill", "kill", "replace", "freeze"]);
    if (deed === "kill") {
      await crew.kill(member, random.between(0, 500));
      note(`killed a ${member.role}`);
    } else if (deed === "replace") {
      await crew.replace(member);
      note(`told a ${member.role} to end`);
    } else {
      await crew.freeze(member, outage());
      note(`let a ${member.role} hang`);
    }
    return member.role === "worker" && deed !== "replace";
  };
  const disturbRedis = async (): Promise<true> => {
    const deed = random.pick(["kill", "empty", "freeze"]);
    if (deed === "freeze") {
      redis.freeze();
      await sleep(outage());
      redis.thaw();
      note("let Redis hang");
      return true;
    }
    await redis.kill();
    if (deed === "empty") await redis.wipe();
    await sleep(random.between(0, 1_500));
    await redis.start();
    note(deed === "empty" ? "killed Redis, and took its data" : "killed Redis, back with its data");
    return true;
  };

  const isEnough = (round: number) => (kills === undefined ? round >= rounds : done >= kills);
  const abandoned = new Set<string>();
  for (let round = 0; !isEnough(round) && !isOver() && findings.length === 0; round++) {
    for (const layer of layers) if (random.chance(0.8)) forgetChecksum(root, layer);
    const asked: AskedChecksum[] = [];
    const ask = async (layer: BlockLayer, at: number, force: boolean) => {
      const id = `r${round}-${at}`;
      await untilTaken(producer, { name: "checksum", data: { id: layer.id, recipe, force }, jobId: id });
      asked.push({ id, layer });
    };
    const victims = [
      ...times(random.between(0, mostLost), () => random.pick(["worker", "redis"] as const)),
      ...times(random.between(1, mostOfCompressors), () => "compressor" as const),
    ];
    let handing: Promise<void> = Promise.resolve();
    let mayAbandon = false;
    for (const [at, victim] of random.some(victims, victims.length).entries()) {
      // Another job before each of them, so that few find nothing to do.
      const [layer, force] = [random.pick(layers), random.chance(0.3)];
      handing = handing.then(() => ask(layer, at, force));
      handing.catch(() => undefined);
      await sleep(random.between(0, 700));
      if (await doOne(victim)) mayAbandon = true;
    }
    await handing;
    jobs += asked.length;
    const ends = await allEnds(redis, asked, producer);
    for (const { id, layer } of asked) {
      const end = ends.get(id);
      const what = `the checksum of ${layer.id} (job ${id})`;
      if (end === undefined) findings.push(`${what} has not ended`);
      else if (end.state === "failed") findings.push(`${what} failed: ${end.failedReason}`);
      else {
        if (end.result.checksum !== layer.checksum)
          findings.push(`${what} is ${end.result.checksum}, and by the shell ${layer.checksum}`);
        count("blocks compressed", end.result.blocks?.total ?? 0);
        count("blocks of these that an earlier try had made", end.result.blocks?.reused ?? 0);
        count("blocks of these that compressors made", end.result.blocks?.remote ?? 0);
      }
    }
    const look = async () => [
      ...auditBlockFiles(root),
      ...(await withRedis(redis, (plain) => auditBlockKeys(plain, graph, abandoned, mayAbandon))),
    ];
    findings.push(...(await untilSettled(look)));
  }
  if (findings.length === 0) {
    await crew.stop();
    findings.push(...auditHost(root, openLedger(), { expectedPids: [] }));
  } else {
    log(crew.lastWords());
  }
  return { deeds, counts, jobs, findings };
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

/** Waits for the ends of jobs. What a Redis that was emptied has forgotten is handed in again. */
async function allEnds(redis: TestRedis, asked: readonly AskedChecksum[], producer: Producer) {
  const ledger = openLedger();
  for (const { id, layer } of asked)
    ledger.jobs.push({ id, queue: "checksum", name: "checksum", image: layer.id, mayFail: [] });
  await withRedis(redis, async (plain) => {
    for (let left = patience; left > 0; left -= 100, await sleep(100)) {
      await noteEnds(plain, graph, ledger);
      const open = asked.filter(({ id }) => !ledger.ends.has(id));
      if (open.length === 0) return;
      for (const { id, layer } of open) {
        if ((await plain.exists(`{stevedore:${graph}}:checksum:${id}`)) === 1) continue;
        await untilTaken(producer, { name: "checksum", data: { id: layer.id, recipe }, jobId: id });
      }
    }
  });
  return ledger.ends;
}

async function withRedis<Result>(
  { url }: TestRedis,
  use: (plain: ReturnType<typeof connectPlainly>) => Promise<Result>,
): Promise<Result> {
  const plain = connectPlainly(url);
  try {
    return await use(plain);
  } finally {
    plain.disconnect();
  }
}
