// Storing a plain tar, against tar -x and a sync of the file system; and what its tar-split costs.
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { unpack } from "../../src/layer/index.js";
import { describeSample, type Sample, sample } from "../data.js";
import type { Dock } from "../dock.js";
import { inTurn, type Row, timed } from "../row.js";
import { shell } from "../shell.js";

const bytes = 200 * 1024 ** 2;
const rounds = 5;

export async function measureStore({ producer, scratch }: Dock): Promise<Row[]> {
  const layer = await sample(scratch, "many", bytes, 4 * 1024 ** 2);
  const target = join(scratch, "peer");
  let stored = 0;
  const measured = await inTurn(
    rounds,
    async () => {
      const data = { image: { id: `stored-${stored++}` }, layer: { path: layer.archive } };
      const { id, durationMs } = await producer.wait(await producer.enqueue("store", data));
      await producer.wait(await producer.enqueue("delete", { id }));
      return durationMs;
    },
    async () => {
      await shell(`mkdir ${target}`);
      const line = `tar --numeric-owner --xattrs -xpf ${layer.archive} -C ${target} && sync -f ${target}`;
      const duration = await timed(() => shell(line));
      await shell(`rm -r ${target} && sync -f ${scratch}`);
      return duration;
    },
  );
  return [
    {
      what: "store",
      against: "tar -x and sync -f",
      on: describeSample(layer),
      ...measured,
      unit: "ms",
      value: measured.ours / measured.peer,
      target: { atMost: 1.3 },
    },
    await measureSplit(layer, target),
  ];
}

/** Unpacks with a tar-split and without, each time with a sync, as a store does. */
async function measureSplit(layer: Sample, target: string): Promise<Row> {
  const limits = { maxBytes: 2 * bytes, maxEntries: 10 * layer.entries };
  const unpackAnd = async (splitPath: string | undefined) => {
    await shell(`mkdir ${target}`);
    const source = createReadStream(layer.archive, { highWaterMark: 1024 * 1024 });
    const duration = await timed(async () => {
      await unpack(source, target, { limits, splitPath });
      await shell(`sync -f ${target}`);
    });
    await shell(`rm -rf ${target} ${target}.gz && sync`);
    return duration;
  };
  const measured = await inTurn(
    2 * rounds,
    () => unpackAnd(`${target}.gz`),
    () => unpackAnd(undefined),
  );
  return {
    what: "unpack with a tar-split",
    against: "unpack without",
    on: describeSample(layer),
    ...measured,
    unit: "ms",
    value: measured.ours / measured.peer,
    target: { atMost: 1.1 },
  };
}
