// CPU time of a checksum whose worker is killed half-way, and which is then taken up again, against one that is not killed.
import { setTimeout as sleep } from "node:timers/promises";
import { childrenOf, cpuTimeOf, cpuTimeOfTree } from "../../cpu-time.js";
import { describeSample, sample, shortening } from "../../data.js";
import type { BenchProcess } from "../../dock.js";
import type { Row } from "../../row.js";
import { openSite, type Site } from "../../site.js";

const bytes = (512 * 1024 ** 2) / shortening;
const threads = 2;
/** So that the job of the dead worker is soon taken up. */
const env = { STEVEDORE_INTERNAL_LOCK_MS: "2000" };

export async function measureResume(): Promise<Row[]> {
  await using site = await openSite();
  const layer = await sample(site.scratch, "large", bytes, 8 * 1024 ** 2);
  for (const id of ["killed", "whole"]) await site.addImage(id, `cp -a ${layer.tree}/. .`);
  const peer = await whole(site);
  const ours = await killed(site, layer.bytes);
  return [
    {
      what: "CPU time of a checksum killed half-way and taken up again",
      against: "one that is not killed",
      on:
        `${describeSample(layer)}, ${threads} threads; both with the start of their workers; ` +
        `${ours.reused} of ${ours.total} blocks were there`,
      ours: ours.cpuMs,
      peer,
      unit: "ms",
      value: ours.cpuMs / peer,
      target: { atMost: 1.05 },
    },
  ];
}

async function whole({ producer, startWorker }: Site): Promise<number> {
  await using worker = await startWorker({ threads, env });
  await producer.wait(await producer.enqueue("checksum", { id: "whole" }));
  return cpuTimeOfTree(worker.pid);
}

async function killed({ producer, startWorker }: Site, layerBytes: number) {
  const job = await (async () => {
    await using worker = await startWorker({ threads, env });
    const enqueued = await producer.enqueue("checksum", { id: "killed" });
    for (let done = 0; done < layerBytes / 2; await sleep(100)) {
      const record = await producer.job(enqueued.id);
      const progress = record?.progress as { readonly done?: number } | undefined;
      done = progress?.done ?? 0;
    }
    return { enqueued, cpuMs: await killAndCount(worker) };
  })();
  await using worker = await startWorker({ threads, env });
  const { blocks } = await producer.wait(job.enqueued);
  const { reused = 0, total = 0 } = blocks ?? {};
  return { cpuMs: job.cpuMs + cpuTimeOfTree(worker.pid), reused, total };
}

/** `kill -9` of a worker. Returns its CPU time, and that of what it had started until that ends too, in ms. */
async function killAndCount(worker: BenchProcess): Promise<number> {
  const children = new Map<number, number>();
  for (const pid of childrenOf(worker.pid)) children.set(pid, cpuTimeOfTree(pid));
  const all = cpuTimeOfTree(worker.pid);
  const before = [...children.values()].reduce((sum, value) => sum + value, 0);
  await worker.stop("SIGKILL");
  for (let isLeft = true; isLeft; await sleep(10)) {
    isLeft = false;
    for (const pid of children.keys()) {
      const now = cpuTimeOf(pid);
      if (now === undefined) continue;
      children.set(pid, Math.max(now, children.get(pid) ?? 0));
      isLeft = true;
    }
  }
  return all - before + [...children.values()].reduce((sum, value) => sum + value, 0);
}
