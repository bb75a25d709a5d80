// The jobs about mounts whose worker is killed in the middle: the next worker ends them, and each was done once.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { JobData, JobName, JobResult } from "../../src/jobs/index.js";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { startWorker } from "../../src/worker/index.js";
import { runJob, shell, useDock } from "../support/dock.js";
import { mountedBelow, unmountBelow } from "../support/mounts/mounted.js";
import { quickLockEnvironment, quickLocks } from "../support/processes/quick-locks.js";
import { startStevedore } from "../support/processes/stevedore.js";

const dock = useDock();
afterAll(() => unmountBelow(dock.scratch));

/** Where a worker is killed: by a program of the host that it runs, the first time that program runs so. */
interface Deadly {
  readonly program: string;
  /** A condition of the shell on the program's arguments. Default: any will do. */
  readonly when?: string;
  /** What is done before: lines of the shell, in which the program is the real one. Default: nothing. */
  readonly first?: string;
}

interface Story<Name extends JobName> {
  readonly name: Name;
  readonly deadly: Deadly;
  /** What the job is about, made before anybody is killed. */
  prepare(producer: Producer): Promise<JobData<Name>>;
}

interface Ended<Name extends JobName> {
  readonly result: JobResult<Name>;
  readonly root: string;
  readonly producer: Producer;
}

/** Enqueues a job, has its worker killed, starts another, and hands over what came of it. */
async function survive<Name extends JobName>(
  { name, deadly, prepare }: Story<Name>,
  examine: (ended: Ended<Name>) => Promise<void> | void,
): Promise<void> {
  const root = mkdtempSync(join(dock.scratch, "root-"));
  const graph = root.slice(root.lastIndexOf("/") + 1);
  const tools = mkdtempSync(join(dock.scratch, "tools-"));
  const options = { redis: dock.redis, graph };
  const PATH = `${tools}:${process.env.PATH}`;
  const producer = openProducer(options);
  const flags = ["--redis", dock.redis, "--graph", graph, "--allow-source", dock.scratch];
  const victim = startStevedore(["worker", ...flags], { root, env: { PATH, ...quickLockEnvironment } });
  try {
    await victim.says(/serving/);
    const data = await prepare(producer);
    writeDeadlyTool(tools, deadly);
    const jobId = `killed-${name}`;
    const job = await producer.enqueue(name, data, { jobId });
    expect((await victim.ended).code).toBeNull();
    expect((await producer.enqueue(name, data, { jobId })).id).toBe(job.id);

    const next = await startWorker({
      ...options,
      root,
      allowedSources: [dock.scratch],
      timing: quickLocks,
    });
    try {
      const result = await producer.wait(job);
      const ids: string[] = [];
      for await (const record of producer.jobs()) if (record.name === name) ids.push(record.id);
      expect(ids).toEqual([jobId]);
      expect(await producer.job(jobId)).toMatchObject({ state: "completed" });
      // The checksum that a commit asks for has staging of its own, for as long as it takes.
      const staging = () => expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
      await vi.waitFor(staging, { timeout: 30_000 });
      await examine({ result, root, producer });
    } finally {
      await next.close(0);
    }
  } finally {
    victim.process.kill("SIGKILL");
    await producer.close();
  }
}

/** Puts a program there that kills whoever runs it, once, and else is the host's own. */
function writeDeadlyTool(directory: string, { program, when = "true", first = ":" }: Deadly): void {
  const armed = join(directory, "armed");
  writeFileSync(armed, "");
  writeFileSync(
    join(directory, program),
    `#!/bin/sh
PATH='${process.env.PATH}:/usr/sbin:/sbin'
if [ -e ${armed} ] && ${when}; then
  rm ${armed}
  ${first}
  kill -9 $PPID
  exit 1
fi
exec ${program} "$@"
`,
    { mode: 0o755 },
  );
}

async function storeBase(producer: Producer): Promise<void> {
  await runJob(producer, "store", { image: { id: "base" }, layer: { path: dock.archive } });
}

async function mountBase(producer: Producer): Promise<JobResult<"mount">> {
  await storeBase(producer);
  const mounted = await runJob(producer, "mount", { id: "base" });
  mkdirSync(join(mounted.target, "written"));
  shell(`head -c 1000000 /dev/urandom > ${mounted.target}/written/large && rm ${mounted.target}/etc/passwd`);
  return mounted;
}

const isExtracting = '[ "$1" = -x ]';

describe.concurrent("a worker that is killed", () => {
  it.each<[when: string, deadly: Deadly, driver: "overlay" | "copy"]>([
    ["when it has mounted", { program: "mount", first: 'mount "$@"' }, "overlay"],
    ["when it is about to mount", { program: "mount" }, "overlay"],
    [
      "when it has copied a part",
      { program: "tar", when: isExtracting, first: 'head -c 1500 | tar "$@"' },
      "copy",
    ],
  ])("%s leaves its job to the next, and there is one mount", async (_when, deadly, driver) => {
    const prepare = async (producer: Producer) => {
      await storeBase(producer);
      return { id: "base", driver };
    };
    await survive({ name: "mount", deadly, prepare }, ({ result, root }) => {
      expect(result).toMatchObject({ id: "base", layers: 1, driver });
      expect(readdirSync(join(root, "mounts"))).toEqual([result.mountId]);
      const mounted = driver === "copy" ? [] : [result.target];
      expect(mountedBelow(root).map(({ target }) => target)).toEqual(mounted);
      expect(readFileSync(join(result.target, "etc/passwd"), "utf8")).toBe("root:x:0:0\n");
    });
  });

  it.each<[when: string, deadly: Deadly]>([
    ["in the middle of a layer", { program: "tar", when: isExtracting, first: 'head -c 300000 | tar "$@"' }],
    [
      "when the image is in its place",
      { program: "sync", when: 'case "$3" in */graph) true ;; *) false ;; esac', first: 'sync "$@"' },
    ],
  ])("%s leaves its commit to the next, and there is one image", async (_when, deadly) => {
    let mountId = "";
    const prepare = async (producer: Producer) => {
      ({ mountId } = await mountBase(producer));
      return { mountId, image: { comment: "once" }, checksum: "xz-1" as const };
    };
    await survive({ name: "commit", deadly, prepare }, async ({ result, root, producer }) => {
      expect(result).toMatchObject({ parent: "base", stored: true });
      expect(readdirSync(join(root, "graph")).sort()).toEqual([":tmp:", "base", result.id].sort());
      const image = join(root, "graph", result.id);
      expect(JSON.parse(readFileSync(join(image, "json"), "utf8"))).toMatchObject({ comment: "once" });
      const upper = join(root, "mounts", mountId, "upper");
      const large = "written/large";
      expect(readFileSync(join(image, "layer", large)).equals(readFileSync(join(upper, large)))).toBe(true);
      expect(readdirSync(join(image, "layer/etc"))).toEqual([".wh.passwd"]);
      const { checksum } = await runJob(producer, "checksum", { id: result.id, recipe: "xz-1" });
      expect(JSON.parse(readFileSync(join(image, "checksum.json"), "utf8"))).toMatchObject({
        "xz-1": { checksum },
      });
    });
  });

  it.each<[when: string, deadly: Deadly]>([
    ["when it has unmounted", { program: "umount", first: 'umount "$@"' }],
    ["when it is about to unmount", { program: "umount" }],
    ["when the mount's folder is out of the way", { program: "rm" }],
  ])("%s leaves its unmount to the next, which answers for both", async (_when, deadly) => {
    let mounted: JobResult<"mount"> | undefined;
    const prepare = async (producer: Producer) => {
      mounted = await mountBase(producer);
      return { target: mounted.target };
    };
    await survive({ name: "unmount", deadly, prepare }, ({ result, root }) => {
      expect(result).toEqual({ mountId: mounted?.mountId, target: mounted?.target });
      expect(mountedBelow(root)).toEqual([]);
      expect(readdirSync(join(root, "mounts"))).toEqual([]);
    });
  });

  it.each<[when: string, deadly: Deadly]>([
    ["when it has unmounted", { program: "umount", first: 'umount "$@"' }],
    ["when all but the upper is to be removed", { program: "rm" }],
  ])("%s leaves an unmount that keeps the upper to the next, which says where", async (_when, deadly) => {
    let mounted: JobResult<"mount"> | undefined;
    const prepare = async (producer: Producer) => {
      mounted = await mountBase(producer);
      return { mountId: mounted.mountId, keepUpper: true };
    };
    await survive({ name: "unmount", deadly, prepare }, async ({ result, root, producer }) => {
      const { mountId = "", target, upper } = mounted ?? {};
      expect(mountedBelow(root)).toEqual([]);
      const { changes } = await runJob(producer, "changes", { mountId });
      expect(changes).toContainEqual({ kind: "delete", path: "/etc/passwd" });
      const left = readdirSync(join(root, "mounts", mountId)).sort();
      expect({ result, left }).toEqual({
        result: { mountId, target, upper },
        left: ["kept", "mount.json", "upper"],
      });
    });
  });
});
