// The memory of a worker's node process while it stores, checksums and exports a layer of 2 GB.
import { describeSample, type Sample } from "../data.js";
import { type Dock, openDock } from "../dock.js";
import type { Row } from "../row.js";
import { shell } from "../shell.js";

const copies = 10;

export async function measureMemory({ scratch }: Dock): Promise<Row[]> {
  // A worker of its own: the peak of the other knows the other rows.
  await using dock = await openDock();
  const layer = await twoGigabytes(dock, scratch);
  const { producer } = dock;
  await producer.wait(
    await producer.enqueue("store", { image: { id: "huge" }, layer: { path: layer.archive } }),
  );
  await producer.wait(await producer.enqueue("checksum", { id: "huge", recipe: "xz-1" }));
  for (const form of [{ format: "docker" }, { format: "oci", compress: "zstd" }] as const) {
    const { path } = await producer.wait(await producer.enqueue("export", { ids: ["huge"], ...form }));
    await shell(`rm ${path}`);
  }
  const mebibytes = dock.peakMemory() / 1024 ** 2;
  return [
    {
      what: "peak resident memory of the node process",
      against: "-",
      on: `store, checksum (xz-1) and export of ${describeSample(layer)}`,
      ours: mebibytes,
      peer: null,
      unit: "MiB",
      value: mebibytes,
      target: { atMost: 200 },
    },
  ];
}

/** Several copies of the 200 MB sample that the store row left in the scratch directory. */
async function twoGigabytes(dock: Dock, scratch: string): Promise<Sample> {
  const tree = `${dock.scratch}/huge.d`;
  const archive = `${dock.scratch}/huge.tar`;
  await shell(`mkdir ${tree}; for n in $(seq ${copies}); do cp -a ${scratch}/many.d ${tree}/$n; done
    tar -C ${tree} -cf ${archive} .`);
  const [entries = 0, bytes = 0] = (await shell(`find ${tree} | wc -l; stat -c %s ${archive}`))
    .split("\n")
    .map(Number);
  await shell(`rm -r ${tree}`);
  return { name: "huge", tree, archive, bytes, entries };
}
