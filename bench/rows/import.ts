// Importing an OCI layout of gzip'd layers, against what unpacks it elsewhere and a sync of the file system.
import { join } from "node:path";
import type { Dock } from "../dock.js";
import { type LayeredImage, makeLayeredImage } from "../layered-image.js";
import { removeImage } from "../remove-image.js";
import { inTurn, type Row, timed } from "../row.js";
import { shell } from "../shell.js";

const rounds = 5;

/** What else brings an image to the disk. Ours is durable when it is done, so theirs is synced too. */
const peers: readonly {
  readonly against: string;
  readonly line: (image: LayeredImage, target: string) => string;
  readonly target: Row["target"];
}[] = [
  {
    against: "`umoci raw unpack` and `sync -f`",
    line: ({ layout, name }, target) =>
      `umoci --log=error raw unpack --image ${layout}:${name} ${target}/rootfs; sync -f ${target}`,
    target: { atMost: 0.8 },
  },
  {
    against: "`umoci unpack` and `sync -f`",
    line: ({ layout, name }, target) =>
      `umoci --log=error unpack --image ${layout}:${name} ${target}/bundle; sync -f ${target}`,
    target: null,
  },
  {
    against: "`skopeo copy` to a directory, `tar -x` of each layer and `sync -f`",
    // Each layer into a directory of its own, as a graph has them.
    line: ({ layout, name }, target) =>
      `skopeo --insecure-policy copy --quiet oci:${layout}:${name} dir:${target}/image
      for blob in $(grep -o 'sha256:[0-9a-f]*' ${target}/image/manifest.json | cut -c 8- | tail -n +2); do
        mkdir ${target}/$blob
        tar --numeric-owner --xattrs -xpf ${target}/image/$blob -C ${target}/$blob
      done
      sync -f ${target}`,
    target: null,
  },
];

export async function measureImport(dock: Dock): Promise<Row[]> {
  const image = await makeLayeredImage(dock, "imported");
  const target = join(dock.scratch, "unpacked");
  const rows: Row[] = [];
  for (const { against, line, target: atMost } of peers) {
    const measured = await inTurn(
      rounds,
      () => importOnce(dock, image),
      async () => {
        await shell(`mkdir ${target}`);
        const duration = await timed(() => shell(line(image, target)));
        await shell(`rm -r ${target} && sync -f ${dock.scratch}`);
        return duration;
      },
    );
    rows.push({
      ...{ what: "import", against, on: image.description, ...measured, unit: "ms" },
      ...{ value: measured.ours / measured.peer, target: atMost },
    });
  }
  return rows;
}

/** Imports the image into the dock's graph, and takes it out again. Returns how long the import took, in ms. */
async function importOnce(dock: Dock, { layout }: LayeredImage): Promise<number> {
  const { producer } = dock;
  const job = await producer.enqueue("import", { source: { path: layout } });
  const { durationMs, images } = await producer.wait(job);
  await removeImage(dock, images[0]?.id);
  return durationMs;
}
