// The checksum of one layer by two hosts of one core each, against one host of one core.
import { availableParallelism } from "node:os";
import { describeSample, sample, shortening } from "../../data.js";
import { inTurn, type Row } from "../../row.js";
import { openSite } from "../../site.js";

const bytes = (512 * 1024 ** 2) / shortening;
const rounds = 1;

export async function measureHosts(): Promise<Row[]> {
  if (availableParallelism() < 2) throw new Error("two hosts of one core each need two cores");
  await using site = await openSite();
  const layer = await sample(site.scratch, "large", bytes, 8 * 1024 ** 2);
  await site.addImage("large", `cp -a ${layer.tree}/. .`);
  await using _worker = await site.startWorker({ threads: 1, core: 0 });
  const checksums = new Set<string>();
  let remote = 0;
  const alone = async () => {
    const job = await site.producer.enqueue("checksum", { id: "large", force: true });
    const { durationMs, checksum, blocks } = await site.producer.wait(job);
    checksums.add(checksum);
    remote = Math.max(remote, blocks?.remote ?? 0);
    return durationMs;
  };
  const together = async () => {
    await using _compressor = await site.startCompressor({ threads: 1, core: 1 });
    return await alone();
  };
  const measured = await inTurn(rounds, together, alone);
  if (checksums.size !== 1) throw new Error(`the checksums differ: ${[...checksums].join(", ")}`);
  return [
    {
      what: "checksum by two hosts of one core each",
      against: "one host of one core",
      on: `${describeSample(layer)}; a worker and a compressor, each bound to a core; ${remote} blocks by the compressor`,
      ...measured,
      unit: "ms",
      value: measured.ours / measured.peer,
      target: { atMost: 0.54 },
    },
  ];
}
