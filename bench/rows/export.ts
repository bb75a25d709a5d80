// Exporting an image, against skopeo's copies of it. skopeo has its layers as archives already and copies those; a
// graph has trees, which are packed anew.
import { join } from "node:path";
import type { JobData } from "../../src/jobs/index.js";
import type { Dock } from "../dock.js";
import { makeLayeredImage } from "../layered-image.js";
import { inTurn, type Row, timed } from "../row.js";
import { shell } from "../shell.js";

const rounds = 5;

export async function measureExport(dock: Dock): Promise<Row[]> {
  const { scratch, producer } = dock;
  const { layout, name, description } = await makeLayeredImage(dock, "exported");
  await producer.wait(await producer.enqueue("import", { source: { path: layout } }));
  const copy = "skopeo --insecure-policy copy --quiet";
  const plain = join(scratch, "plain.tar");
  await shell(`${copy} oci:${layout}:${name} docker-archive:${plain}:${name}`);

  const target = join(scratch, "copied.tar");
  const against = async (
    form: Pick<JobData<"export">, "format" | "compress">,
    peer: string,
    from: string,
    to: string,
  ): Promise<Row> => {
    const measured = await inTurn(
      rounds,
      async () => {
        const job = await producer.enqueue("export", { ids: [name], ...form });
        const { durationMs, path } = await producer.wait(job);
        await shell(`rm ${path} && sync -f ${scratch}`);
        return durationMs;
      },
      async () => {
        const duration = await timed(() => shell(`${copy} ${from} ${to}:${target}:${name}; sync ${target}`));
        await shell(`rm ${target} && sync -f ${scratch}`);
        return duration;
      },
    );
    return {
      what: `export --format ${form.format} --compress ${form.compress}`,
      ...{ against: peer, on: description, ...measured, unit: "ms" },
      ...{ value: measured.ours / measured.peer, target: null },
    };
  };
  const ofLayout = `oci:${layout}:${name}`;
  return [
    await against(
      { format: "oci", compress: "gzip" },
      "`skopeo copy` docker-archive to oci-archive, which compresses its plain layers by gzip on all cores, and `sync`",
      `docker-archive:${plain}`,
      "oci-archive",
    ),
    await against(
      { format: "oci", compress: "gzip" },
      "`skopeo copy` oci to oci-archive, which copies the compressed layers as they are, and `sync`",
      ofLayout,
      "oci-archive",
    ),
    await against(
      { format: "docker", compress: "none" },
      "`skopeo copy` oci to docker-archive, which decompresses the layers, and `sync`",
      ofLayout,
      "docker-archive",
    ),
  ];
}
