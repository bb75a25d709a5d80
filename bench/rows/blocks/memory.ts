// The memory of a worker's node process while eight compressors help it with a layer of 2 GiB.
import { availableParallelism } from "node:os";
import { shortening } from "../../data.js";
import { peakMemoryOf } from "../../dock.js";
import type { Row } from "../../row.js";
import { openSite } from "../../site.js";

const mebibytes = 2048 / shortening;
const slots = { processes: 2, threads: 4 };

export async function measureBlocksMemory(): Promise<Row[]> {
  await using site = await openSite();
  // Noise that is repeated: a block takes xz -1 a fraction of a second, and none is like another.
  await site.addImage(
    "huge",
    `for at in $(seq ${mebibytes}); do
      head -c 65536 /dev/urandom > /dev/shm/noise-$$; for n in $(seq 16); do cat /dev/shm/noise-$$; done
    done > file; rm /dev/shm/noise-$$`,
  );
  await using worker = await site.startWorker({ threads: availableParallelism() });
  for (let process = 0; process < slots.processes; process++)
    await site.startCompressor({ threads: slots.threads });
  const before = peakMemoryOf(worker.pid);
  const job = await site.producer.enqueue("checksum", { id: "huge", recipe: "xz-1" });
  const { blocks } = await site.producer.wait(job);
  const peak = peakMemoryOf(worker.pid) / 1024 ** 2;
  return [
    {
      what: "peak resident memory of the node process, with compressors",
      against: "-",
      on:
        `checksum (xz-1) of ${mebibytes} MiB, ${slots.processes * slots.threads} slots of compressors, ` +
        `${blocks?.remote} of ${blocks?.total} blocks theirs; ${(before / 1024 ** 2).toFixed(0)} MiB before`,
      ours: peak,
      peer: null,
      unit: "MiB",
      value: peak,
      target: { atMost: 200 },
    },
  ];
}
