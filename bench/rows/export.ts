// Exporting an image, against `podman save` of the same. Both keep trees with what tar-split tells of their archives, and
// put the archives together anew. skopeo's copies of archives that are there already are told besides.
import { join } from "node:path";
import type { JobData } from "../../src/jobs/index.js";
import { openPodman } from "../../test/support/engines/podman.js";
import type { Dock } from "../dock.js";
import { makeLayeredImage } from "../layered-image.js";
import { inTurn, type Row, timed } from "../row.js";
import { shell } from "../shell.js";

const rounds = 5;
const copy = "skopeo --insecure-policy copy --quiet";

export async function measureExport(dock: Dock): Promise<Row[]> {
  const { scratch, producer } = dock;
  await using podman = await openPodman();
  const { layout, name, description } = await makeLayeredImage(dock, "exported");
  await producer.wait(await producer.enqueue("import", { source: { path: layout } }));
  const plain = join(scratch, "plain.tar");
  const local = `localhost/${name}`;
  await shell(`${copy} oci:${layout}:${name} docker-archive:${plain}:${local}`);
  await podman.load(plain);

  const target = join(scratch, "saved.tar");
  const against = async (
    form: Pick<JobData<"export">, "format" | "compress">,
    peer: string,
    command: string,
    goal: Row["target"],
  ): Promise<Row> => {
    const ours = async () => {
      const job = await producer.enqueue("export", { ids: [name], ...form });
      const { durationMs, path } = await producer.wait(job);
      await shell(`rm ${path} && sync -f ${scratch}`);
      return durationMs;
    };
    // What the peers keep for a while goes to the same disk.
    const env = { ...podman.env, TMPDIR: scratch };
    const theirs = async () => {
      const duration = await timed(() => shell(`${command}; sync ${target}`, "/", env));
      await shell(`rm ${target} && sync -f ${scratch}`);
      return duration;
    };
    const measured = await inTurn(rounds, ours, theirs);
    return {
      what: `export --format ${form.format} --compress ${form.compress}`,
      ...{ against: peer, on: description, ...measured, unit: "ms" },
      ...{ value: measured.ours / measured.peer, target: goal },
    };
  };
  const save = (format: string) => `podman save --quiet --format ${format} --output ${target} ${local}`;
  const byGzip = { format: "oci", compress: "gzip" } as const;
  const uncompressed = { format: "docker", compress: "none" } as const;
  return [
    await against(
      byGzip,
      "`podman save --format oci-archive`, which compresses by gzip on all cores, and `sync`",
      save("oci-archive"),
      { atMost: 1 },
    ),
    await against(uncompressed, "`podman save` (docker-archive), plain, and `sync`", save("docker-archive"), {
      atMost: 1,
    }),
    await against(
      byGzip,
      "`skopeo copy` docker-archive to oci-archive, which compresses its plain layers, and `sync`",
      `${copy} docker-archive:${plain} oci-archive:${target}:${name}`,
      null,
    ),
    await against(
      byGzip,
      "`skopeo copy` oci to oci-archive, which copies the compressed layers as they are, and `sync`",
      `${copy} oci:${layout}:${name} oci-archive:${target}:${name}`,
      null,
    ),
    await against(
      uncompressed,
      "`skopeo copy` oci to docker-archive, which decompresses the layers, and `sync`",
      `${copy} oci:${layout}:${name} docker-archive:${target}:${name}`,
      null,
    ),
  ];
}
