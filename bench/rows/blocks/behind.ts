// The checksum of a small layer that is enqueued behind a giant, against the same alone.
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { sample, shortening } from "../../data.js";
import { median, type Row, timed } from "../../row.js";
import { openSite } from "../../site.js";

const mebibyte = 1024 ** 2;
const giantBytes = (512 * mebibyte) / shortening;
const rounds = 5;

export async function measureBehind(): Promise<Row[]> {
  await using site = await openSite();
  const { producer } = site;
  const giant = await sample(site.scratch, "giant", giantBytes, 8 * mebibyte);
  const content = `find ${giant.tree} -type f -print0 | LC_ALL=C sort -z | xargs -0 cat`;
  await site.addImage("giant", `cp -a ${giant.tree}/. .`);
  await site.addImage("small", `${content} 2> /dev/null | head -c ${mebibyte} > file || true`);
  // With its headers it is one block, and no more.
  await site.addImage("block", `${content} 2> /dev/null | head -c ${8 * mebibyte - 20_480} > file || true`);
  const threads = availableParallelism();
  await using _worker = await site.startWorker({ threads });
  const runs = async (id: string) => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      times.push(
        await timed(async () => producer.wait(await producer.enqueue("checksum", { id, force: true }))),
      );
    }
    return median(times);
  };
  const block = await runs("block");
  const alone = await runs("small");
  const job = await producer.enqueue("checksum", { id: "giant", force: true });
  await sleep(3_000);
  const behind = await runs("small");
  const isStillAtIt = (await producer.job(job.id))?.state === "active";
  if (!isStillAtIt) throw new Error("the giant was done before the others: take a larger one");
  await producer.cancel(job.id);
  return [
    {
      what: "checksum of a layer of 1 MiB behind a giant, from enqueueing to its end",
      against: "alone; the value is the difference, in times of one block",
      on: `a giant of ${(giant.bytes / mebibyte).toFixed(0)} MiB, ${threads} threads, a block of ${block.toFixed(0)} ms`,
      ours: behind,
      peer: alone,
      unit: "ms",
      value: (behind - alone) / block,
      target: { atMost: 1 },
    },
  ];
}
