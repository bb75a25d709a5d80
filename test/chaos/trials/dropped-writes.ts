// The power goes, and the disk loses any part of what it was told since its last flush. A run is recorded below the file
// system; from its log many disks are made as they may be found at any moment, each is mounted, and audited for what was
// promised by then. Graph and queue are on that disk.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { openGraph } from "../../../src/graph/index.js";
import { lockVariable } from "../../support/processes/quick-locks.js";
import { auditGraph } from "../auditor/graph-audit.js";
import { auditHost, signalTrial } from "../auditor/host-audit.js";
import { auditQueue, noteEnds } from "../auditor/queue-audit.js";
import { buildProgram } from "../build-program.js";
import { type Course, openCourse } from "../cuts/course.js";
import { auditImported, makeImported } from "../cuts/imported.js";
import { type FileSystem, makeRecordedDisk, mountFound, unmountWhole } from "../cuts/recorded-disk.js";
import { openCutDisk } from "../cuts/write-log.js";
import { drain } from "../drain.js";
import { untilSettled } from "../scene.js";
import { openService, withRedis } from "../service.js";
import type { Trial, TrialContext } from "../trial.js";
import { planRound } from "../work.js";

const queues = ["store", "checksum", "mount"];
/** Of a recording: how many rounds of jobs it has, and how many disks are made of it. */
const roundsOfRun = 4;
const cutsOfRun = 20;
/** On so many of them the service goes on with what it finds; on the others the graph is only opened. */
const shareServed = 0.2;

export const droppedWritesExt4: Trial = (context) => dropWrites(context, "ext4");
export const droppedWritesXfs: Trial = (context) => dropWrites(context, "xfs");
export const droppedWritesBtrfs: Trial = (context) => dropWrites(context, "btrfs");

/** The control: with syncs that do nothing the same trial must find losses. */
export const droppedWritesUnsynced: Trial = async (context) => {
  const library = await buildProgram(context.directory, "cuts/no-sync.c", "-shared -fPIC");
  const report = await dropWrites(context, context.random.pick(["ext4", "xfs", "btrfs"]), library);
  for (const finding of report.findings) context.log(`found, as it must be: ${finding}`);
  const findings = report.findings.length > 0 ? [] : ["without any sync nothing was lost"];
  return { ...report, findings };
};

/** @param preloaded a library that the service is started with, while it is recorded */
async function dropWrites(context: TrialContext, fileSystem: FileSystem, preloaded?: string) {
  const { directory, rounds, kills, isOver } = context;
  process.env[lockVariable] ??= "3000";
  const recorder = await buildProgram(directory, "cuts/recorder.c");
  const deeds = new Map<string, number>();
  const findings: string[] = [];
  const wanted = kills ?? rounds * cutsOfRun;
  let [cuts, jobs] = [0, 0];
  while (cuts < wanted && !isOver() && findings.length === 0) {
    const run = {
      recorder,
      fileSystem,
      preloaded,
      cuts: Math.min(cutsOfRun, wanted - cuts),
      deeds,
      findings,
    };
    const { made, acknowledged } = await recordAndCut(context, run);
    cuts += made;
    jobs += acknowledged;
  }
  return { deeds, jobs, findings };
}

interface Run {
  readonly recorder: string;
  readonly fileSystem: FileSystem;
  readonly preloaded: string | undefined;
  readonly cuts: number;
  readonly deeds: Map<string, number>;
  readonly findings: string[];
}

async function recordAndCut(
  context: TrialContext,
  run: Run,
): Promise<{ made: number; acknowledged: number }> {
  const { directory, random, log, isOver } = context;
  const { recorder, fileSystem, deeds, findings } = run;
  const root = join(directory, "disk");
  const place = join(directory, "recorded");
  const disk = await makeRecordedDisk(recorder, place, root, fileSystem, random);
  let course: Course;
  const start = disk.position();
  try {
    course = await record(context, root, run.preloaded, disk.position);
  } finally {
    signalTrial(root, "SIGKILL");
    await disk.drop();
  }
  const end = disk.position();
  log(`recorded ${Math.round((end - start) / 2 ** 20)} MiB of writes to ${disk.form}`);
  const cutDisk = await openCutDisk(disk.log, disk.bytes, join(place, "durable"));
  const answered = course.moments();
  const positions = Array.from({ length: run.cuts }, () =>
    // Right after something was answered it is most likely that something is missing.
    random.chance(0.6) ? random.pick(answered) : random.between(start, end),
  ).sort((one, other) => one - other);
  let made = 0;
  for (const position of positions) {
    if (isOver() || findings.length > 0) break;
    const image = join(place, "found");
    const { kept, dropped } = await cutDisk.cut(position, image, random);
    await mountFound(image, root, fileSystem);
    made += 1;
    const deed = `cut the power of ${fileSystem}`;
    deeds.set(deed, (deeds.get(deed) ?? 0) + 1);
    try {
      const found = await auditCut(context, root, course, position, random.chance(shareServed), deeds);
      const where = `${disk.form}, cut at ${position}, ${kept} sectors kept and ${dropped} dropped`;
      findings.push(...found.map((finding) => `${finding} (${where})`));
    } finally {
      signalTrial(root, "SIGKILL");
      await unmountWhole(root);
    }
  }
  cutDisk.close();
  // What was found can be seen again.
  if (findings.length === 0) rmSync(place, { recursive: true });
  return { made, acknowledged: course.ledger.jobs.length };
}

/** Runs the service on a disk, with a few rounds of jobs. */
async function record(
  { sources, contents, random, isOver }: TrialContext,
  root: string,
  preloaded: string | undefined,
  position: () => number,
): Promise<Course> {
  const service = openService({ root, sources });
  if (preloaded !== undefined) process.env.LD_PRELOAD = preloaded;
  try {
    await service.start();
  } finally {
    delete process.env.LD_PRELOAD;
  }
  const producer = service.openProducer();
  const course = openCourse(
    { graph: service.graph, producer, reader: service.openRedis() },
    (ledger) => withRedis(service, (plain) => noteEnds(plain, service.graph, ledger)),
    position,
  );
  try {
    for (let round = 0; round < roundsOfRun && !(round > 0 && isOver()); round++) {
      const named = (at: number) => `cut:r${round}-${at}`;
      const imports = await Promise.all(
        [0, 1].map((at) => makeImported(sources, named(at), contents, random)),
      );
      await course.play(planRound(round, course.ledger, contents, random), imports);
    }
  } finally {
    course.close();
    await producer.close();
    await service.killWorker();
  }
  return course;
}

/** Audits a disk that was found, then what becomes of it. */
async function auditCut(
  { contents, sources }: TrialContext,
  root: string,
  course: Course,
  position: number,
  isServed: boolean,
  deeds: Map<string, number>,
): Promise<string[]> {
  const { ledger, imported } = course.at(position);
  const all = [...imported.done, ...imported.open];
  const others = new Set(all.flatMap(({ id, layers }) => [id, ...layers.map((layer) => layer.id)]));
  const audit = async (isSettled: boolean, isQuiet: boolean) => [
    ...(await auditGraph(root, ledger, { contents, isQuiet, others })),
    ...(await auditImported(root, { ...imported, isSettled })),
  ];
  const found = await audit(false, false);
  if (found.length > 0) return found.map((finding) => `before anything was started: ${finding}`);
  if (!isServed) {
    await (await openGraph(root, { create: true })).close();
    return (await audit(true, false)).map((finding) => `once the graph was opened: ${finding}`);
  }
  deeds.set("went on after it", (deeds.get("went on after it") ?? 0) + 1);
  const service = openService({ root, sources });
  await service.start();
  try {
    const found: string[] = [];
    await withRedis(service, async (plain) => {
      await drain(plain, service.graph, ledger, queues);
      found.push(...(await auditQueue(plain, service.graph, ledger)));
    });
    const look = async () => [
      ...(await audit(true, true)),
      ...auditHost(root, ledger, { expectedPids: service.pids(), isRebooted: true }),
    ];
    found.push(...(await untilSettled(look)));
    if (found.length > 0) found.push(`the worker's last words:\n${service.lastWords()}`);
    else await service.stop();
    return found.map((finding) => `once the service went on: ${finding}`);
  } finally {
    await service.killWorker();
  }
}
