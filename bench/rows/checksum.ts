// The checksum of one large layer, against the shell line and against Docker 0.3's own way.
import { join } from "node:path";
import { shellLine } from "../../src/layer/index.js";
import { describeSample, sample, shortening } from "../data.js";
import type { Dock } from "../dock.js";
import { inTurn, type Row, timed } from "../row.js";
import { shell } from "../shell.js";

const bytes = (128 * 1024 ** 2) / shortening;

export async function measureChecksum({ producer, root, scratch }: Dock): Promise<Row[]> {
  const layer = await sample(scratch, "large", bytes, 8 * 1024 ** 2);
  const image = { id: "large", created: "2013-05-02T15:18:33Z" };
  await producer.wait(await producer.enqueue("store", { image, layer: { path: layer.archive } }));
  const here = { imageDirectory: join(root, "graph/large") };
  const ours = async () => {
    const job = await producer.enqueue("checksum", { id: image.id, force: true });
    return (await producer.wait(job)).durationMs;
  };
  const row = async (against: string, line: string, rounds: number, atMost?: number): Promise<Row> => {
    const measured = await inTurn(rounds, ours, () => timed(() => shell(line)));
    return {
      what: "checksum of one large layer",
      against,
      on: describeSample(layer),
      ...measured,
      unit: "ms",
      value: measured.ours / measured.peer,
      target: atMost === undefined ? null : { atMost },
    };
  };
  const rows = [
    await row("the shell line (tar | xz -6 -T2 | sha256sum)", shellLine("xz-6", here), 5, 0.92),
    await row("Docker 0.3's own way (bsdtar -cJ | sha256sum)", shellLine("docker", here), 2, 0.52),
    await row(
      "tar | xz -6 -T0, its default blocks",
      `tar -C ${layer.tree} -cf - . | xz -6 -T0 | sha256sum`,
      2,
    ),
  ];
  if ((await shell("command -v umoci || true")) !== "") {
    const oci = join(scratch, "oci");
    // gzip is another trade: the faster, the larger.
    const line = `rm -rf ${oci}; umoci init --layout ${oci}; umoci new --image ${oci}:a
      umoci insert --image ${oci}:a ${layer.tree} /layer`;
    rows.push(await row("umoci insert (gzip)", line, 2));
  }
  return rows;
}
