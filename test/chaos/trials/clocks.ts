// The clocks of two workers of one root, and of their Redis, are set by an hour, forward and back, while jobs run; a worker is
// killed as well. The monotonic clock and the times of files are the kernel's, as on a host whose clock is set.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openProducer } from "../../../src/producer/index.js";
import { lockVariable } from "../../support/processes/quick-locks.js";
import { freePort, redisProcess } from "../../support/redis/redis-process.js";
import { auditGraph } from "../auditor/graph-audit.js";
import { auditHost, signalTrial, trialVariable } from "../auditor/host-audit.js";
import { auditQueue } from "../auditor/queue-audit.js";
import { buildProgram } from "../build-program.js";
import { type CrewMember, openCrew } from "../crew.js";
import { drain } from "../drain.js";
import { openLedger } from "../ledger.js";
import { untilSettled } from "../scene.js";
import { connectPlainly } from "../service.js";
import type { Trial } from "../trial.js";
import { handIn, type PlannedJob, planRound } from "../work.js";

const graph = "chaos";
/** In s. */
const hour = 3_600;
/** Nobody shall wait for an hour: what a round of jobs may take, in ms. */
const patience = 120_000;

/** A clock that can be set: its environment, for processes that go by it. @param library `clocks/set-clock.c`, compiled */
function openClock(library: string, path: string) {
  writeFileSync(path, new BigInt64Array(1));
  /** Sets it some seconds ahead of the kernel's. */
  const set = (seconds: number) => {
    const file = openSync(path, "r+");
    writeSync(file, new BigInt64Array([BigInt(seconds)]));
    closeSync(file);
  };
  return { set, env: { LD_PRELOAD: library, SET_CLOCK: path } };
}

export const clocks: Trial = async ({ directory, contents, sources, random, rounds, log, isOver }) => {
  const root = join(directory, "root");
  mkdirSync(join(directory, "redis"), { recursive: true });
  mkdirSync(root);
  const library = await buildProgram(directory, "clocks/set-clock.c", "-shared -fPIC");
  const ofRedis = openClock(library, join(directory, "clock-of-redis"));
  const ofWorkers = openClock(library, join(directory, "clock-of-workers"));
  const port = await freePort();
  const durable = ["--dir", join(directory, "redis"), "--appendonly", "yes", "--save", ""];
  const redis = redisProcess(port, ["--port", String(port), ...durable], undefined, ofRedis.env);
  const url = `redis://127.0.0.1:${port}`;
  const flags = ["--redis", url, "--graph", graph, "--allow-source", sources, "--grace", "20"];
  const worker: CrewMember = { role: "worker", args: ["worker", ...flags], ready: / serving /, root };
  const env = { ...ofWorkers.env, [trialVariable]: root, [lockVariable]: "5000" };
  const crew = openCrew([{ ...worker }, { ...worker }], env);
  const producer = openProducer({ redis: url, graph });
  const ledger = openLedger();
  const deeds = new Map<string, number>();
  const findings: string[] = [];
  const note = (deed: string) => {
    deeds.set(deed, (deeds.get(deed) ?? 0) + 1);
    log(deed);
  };
  const setOne = () => {
    const [clock, whose] = random.pick([
      [ofRedis, "Redis's clock"],
      [ofWorkers, "the workers' clock"],
    ] as const);
    const offset = random.pick([-hour, 0, hour]);
    clock.set(offset);
    note(`set ${whose}`);
  };
  // Mounts are of a host, and no matter of clocks.
  const isOfTheGraph = ({ job }: PlannedJob) => !["mount", "unmount", "commit"].includes(job.name);
  try {
    await redis.start();
    await crew.start();
    for (let round = 0; round < rounds && !isOver() && findings.length === 0; round++) {
      const planned = planRound(round, ledger, contents, random).filter(isOfTheGraph);
      const begun = performance.now();
      const handing = handIn(planned, producer, ledger);
      for (let steps = random.between(1, 3); steps > 0; steps--) {
        await sleep(random.between(10, 1_500));
        setOne();
        if (random.chance(0.4)) {
          await crew.kill(random.pick(crew.members), random.between(0, 300));
          note("killed a worker");
        }
      }
      await handing;
      const plain = connectPlainly(url);
      try {
        await drain(plain, graph, ledger, ["store", "checksum", "mount"]);
        findings.push(...(await auditQueue(plain, graph, ledger)));
      } finally {
        plain.disconnect();
      }
      const took = Math.round(performance.now() - begun);
      if (took > patience) findings.push(`the jobs of a round took ${took} ms`);
      const durations = [...ledger.ends.values()].flatMap(({ result }) => result?.durationMs ?? []);
      for (const ms of durations)
        if (!(ms >= 0 && ms < patience)) findings.push(`a result tells of ${ms} ms`);
      findings.push(...(await untilSettled(() => auditGraph(root, ledger, { contents, isQuiet: true }))));
    }
    if (findings.length === 0) {
      await crew.stop();
      await redis.kill();
      findings.push(...auditHost(root, ledger, { expectedPids: [] }));
    } else {
      log(crew.lastWords());
    }
  } finally {
    await crew.killAll();
    await producer.close();
    await redis.kill();
    signalTrial(root, "SIGKILL");
  }
  return { deeds, jobs: ledger.jobs.length, findings };
};
