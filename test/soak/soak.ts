// A soak: one worker, thousands of mixed jobs, and a look at it and at what it leaves again and again.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { shellLine } from "../../src/layer/shell-line.js";
import { mountedBelow } from "../support/mounts/mounted.js";
import { thenFill } from "../support/trees/documented-tar.js";
import type { Outcome, PlannedJob, Step } from "./conductor.js";
import { gatherCrowd } from "./crowd.js";
import { completes, stores } from "./plan.js";
import { connectionsTo, sampleProcess } from "./process-sample.js";
import type { Recording } from "./record.js";
import { sampleRoot } from "./root-sample.js";
import type { Sample } from "./series.js";
import { openStage, type Stage } from "./stage.js";
import { fillingJobs, probe, standingId, standingJobs } from "./standing.js";
import { enter, newTally, type Tally } from "./tally.js";

export interface SoakOptions {
  readonly seed: number;
  /** New lives begin until that many jobs have been handed in; the last ones bring some more. */
  readonly jobs: number;
  /** The end of new lives, in minutes, if it comes before. */
  readonly minutes?: number | undefined;
  /** Whether Redis is filled with records first, as it would be after a day. */
  readonly isFilled: boolean;
  /** How many samples are taken, about. */
  readonly samples: number;
  /** Ends new lives when it aborts; those that are led come to their end. */
  readonly signal?: AbortSignal | undefined;
  /** Told of what the soak is at. */
  readonly tell: (line: string) => void;
  readonly onSample?: (jobs: number, perSecond: number, sample: Sample) => void;
}

export interface SoakResult {
  readonly tally: Tally;
  readonly recording: Recording;
  readonly durationMs: number;
  /** Images whose checksum was recomputed by the documented line of shell. */
  readonly checked: number;
}

/** How many failed records of each queue are left to Redis: with the 10,000 of a week it would never be full. */
const keptFailed = 200;
/** How many events the stream of a queue keeps, so that it is full before the first sample. */
const keptEvents = 2_000;
/** More than that are no surprise, and the run would only tell the same again. */
const problemLimit = 20;

/** Runs a soak on a Redis, a worker and a root of its own. Throws only if it cannot go on. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  await using stage = await openStage(options.seed);
  const mountId = await makeStanding(stage);
  if (options.isFilled) await fill(stage, mountId, options.tell);
  const begun = performance.now();
  // What keeps it from going on is told with all the rest.
  await lead(stage, gatherCrowd(stage), options).catch((error: Error) => stage.tally.complain(error.message));
  const durationMs = performance.now() - begun;
  await play(stage, [{ jobs: [completes("unmount", { mountId }, { mountId })] }]);
  const checked = await checkByShell(stage);
  await end(stage);
  const { tally, recording } = stage;
  return { tally, recording, durationMs, checked };
}

/** Makes what stands for the whole soak; returns its mount. */
async function makeStanding(stage: Stage): Promise<string> {
  let mountId = "";
  for (const job of standingJobs(stage.archives.plain[0])) {
    const [[outcome] = []] = await play(stage, [{ jobs: [job] }]);
    mountId = outcome?.result.mountId;
  }
  return mountId;
}

async function fill(stage: Stage, mountId: string, tell: SoakOptions["tell"]): Promise<void> {
  const begun = performance.now();
  const counted = newTally();
  await stage.conductor.capEvents(keptEvents);
  for (const jobs of fillingJobs(stage.archives.plain[0], mountId, keptFailed, stage.random)) {
    await play({ ...stage, tally: counted }, [{ jobs }]);
  }
  for (const problem of counted.problems) stage.tally.complain(problem);
  const seconds = ((performance.now() - begun) / 1_000).toFixed(0);
  tell(`filled Redis with the records of ${counted.count} jobs that cost next to nothing, in ${seconds} s`);
}

/** Leads lives until there have been enough jobs, and takes the samples. */
async function lead(
  stage: Stage,
  crowd: ReturnType<typeof gatherCrowd>,
  { jobs, minutes = Infinity, samples, signal, onSample = () => {} }: SoakOptions,
): Promise<void> {
  const { conductor, tally, recording } = stage;
  const begun = performance.now();
  const deadline = begun + minutes * 60_000;
  const start = tally.count;
  const probes: number[] = [];
  const ended = () => tally.count - start;
  let handedIn = 0;
  let next = 0;
  while (tally.problems.length < problemLimit) {
    const steps = crowd.steps(handedIn < jobs && performance.now() < deadline && !signal?.aborted);
    if (steps.length === 0) break;
    const [[ofProbe] = [], ...outcomes] = await play(stage, [{ jobs: [probe] }, ...steps]);
    probes.push(ofProbe?.durationMs ?? Number.NaN);
    handedIn += 1 + steps.reduce((sum, step) => sum + step.jobs.length, 0);
    crowd.goOn(outcomes.map((ofStep) => (ofStep.every(({ isRight }) => isRight) ? ofStep : undefined)));
    if (ended() < next) continue;
    next += jobs / samples;
    await rest(stage);
    await conductor.trimFailed(keptFailed);
    const sample = await takeSample(stage, Math.min(...probes.splice(0)));
    recording.add(ended(), sample);
    onSample(ended(), (1_000 * ended()) / (performance.now() - begun), sample);
  }
  await rest(stage);
}

/** Waits until nothing is under way. */
async function rest({ conductor, tally }: Stage): Promise<void> {
  for (const problem of await conductor.idle()) tally.complain(problem);
}

/** Runs steps, and notes what became of their jobs. */
async function play(
  { conductor, tally, ledger }: Stage,
  steps: readonly Step[],
): Promise<(Outcome & { readonly isRight: boolean })[][]> {
  const outcomes = await conductor.run(steps);
  return steps.map(({ jobs }, n) =>
    jobs.map((job, m) => {
      const outcome = outcomes[n]?.[m] as Outcome;
      enter(job, outcome, ledger);
      return { ...outcome, isRight: tally.note(job, outcome) };
    }),
  );
}

async function takeSample(
  { redis, registry, worker, root, ledger, tally }: Stage,
  latency: number,
): Promise<Sample> {
  const { memory, threads, children, zombies, ...process } = sampleProcess(worker.process.pid ?? 0);
  // The worker keeps its connections to a registry for some seconds.
  const descriptors = process.descriptors - connectionsTo(Number(registry.host.split(":")[1]));
  const info = await redis.info();
  const figure = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]);
  const { views, strays } = sampleRoot(root, ledger);
  for (const stray of strays) tally.complain(`${stray} should not be there`);
  return {
    ...{ memory, descriptors, threads, children, zombies, latency, views, strays: strays.length },
    "redis-keys": await countKeys(redis),
    "redis-memory": figure("used_memory"),
    "redis-clients": figure("connected_clients"),
  };
}

/** All but the logs of jobs that are kept: whether a job has one depends on how long it took. */
async function countKeys(redis: Stage["redis"]): Promise<number> {
  const logs = await redis.keys("*:logs");
  const jobs = logs.map((key) => key.slice(0, -":logs".length));
  return (await redis.dbsize()) - (jobs.length === 0 ? 0 : await redis.exists(...jobs));
}

/** Stores images that stay, and recomputes their checksums without Stevedore. Returns how many. */
async function checkByShell(stage: Stage): Promise<number> {
  const { archives, random, root, tally } = stage;
  const wanted = Array.from({ length: 8 }, () => ({
    id: random.hex(32),
    archive: random.pick(archives.plain),
  }));
  await play(stage, [{ jobs: wanted.map(({ id, archive }) => stores(id, archive)) }]);
  const recipe = (n: number) => (n % 2 === 0 ? "xz-6" : "xz-1");
  const checksums: PlannedJob[] = wanted.map(({ id }, n) => completes("checksum", { id, recipe: recipe(n) }));
  const [outcomes = []] = await play(stage, [{ jobs: checksums }]);
  for (const [n, { id }] of wanted.entries()) {
    const line = shellLine(recipe(n), {
      imageDirectory: join(root, "graph", id),
      leavesFieldsEmpty: thenFill !== "",
    });
    const env = { PATH: process.env.PATH, LC_ALL: "C" };
    const printed = execFileSync("bash", ["--norc", "-c", line], { env, encoding: "utf8" });
    const { checksum } = outcomes[n]?.result ?? {};
    if (checksum !== `sha256:${printed.slice(0, 64)}`)
      tally.complain(`the checksum of ${id} is ${checksum}, and by the line of shell ${printed}`);
  }
  return wanted.length;
}

/** Ends the worker as an operator does, and looks at what it leaves. */
async function end(stage: Stage): Promise<void> {
  const { worker, root, ledger, tally } = stage;
  await rest(stage);
  const { children } = sampleProcess(worker.process.pid ?? 0);
  if (children > 0) tally.complain(`the worker has ${children} children and no job`);
  const { code, stderr } = await worker.stop();
  if (code !== 0) tally.complain(`the worker ended with ${code}: ${stderr.slice(-1_000)}`);
  const { images, mounts, strays } = sampleRoot(root, ledger);
  for (const stray of strays) tally.complain(`${stray} was left by the worker`);
  if (images !== ledger.images.size) tally.complain(`${images} images instead of ${ledger.images.size}`);
  if (!ledger.images.has(standingId)) tally.complain("the image of the probes is gone");
  if (mounts > 0) tally.complain(`${mounts} mounts were left`);
  for (const { target } of mountedBelow(root)) tally.complain(`${target} is still mounted`);
}
