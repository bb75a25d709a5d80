// Importing what `docker save` writes, against the engines that load it.
import { join } from "node:path";
import { startDocker } from "../../test/support/engines/docker.js";
import type { Engine } from "../../test/support/engines/engine.js";
import { openPodman } from "../../test/support/engines/podman.js";
import type { Dock } from "../dock.js";
import { makeLayeredImage } from "../layered-image.js";
import { removeImage } from "../remove-image.js";
import { inTurn, type Row, timed } from "../row.js";
import { shell } from "../shell.js";

const rounds = 5;

export async function measureLoad(dock: Dock): Promise<Row[]> {
  await using docker = await startDocker();
  await using podman = await openPodman();
  const { archive, reference, description } = await makeSaved(dock, docker);
  const rows: Row[] = [];
  for (const [name, engine] of [
    ["docker", docker],
    ["podman", podman],
  ] as const) {
    const measured = await inTurn(
      rounds,
      () => importOnce(dock, archive),
      () => loadOnce(dock, engine, archive, reference),
    );
    rows.push({
      ...{ what: "import", against: `\`${name} load\` and \`sync -f\``, on: description, ...measured },
      ...{ unit: "ms", value: measured.ours / measured.peer, target: null },
    });
  }
  const quickest = Math.min(...rows.map(({ peer }) => peer ?? 0));
  return rows.map((row) => (row.peer === quickest ? { ...row, target: { atMost: 0.8 } } : row));
}

/** Saves an image of several layers by Docker, which then has it no more. */
async function makeSaved(dock: Dock, docker: Engine) {
  const { layout, name, description } = await makeLayeredImage(dock, "saved");
  const reference = `localhost/${name}`;
  const archive = join(dock.scratch, "saved.tar");
  await shell(
    `skopeo --insecure-policy copy --quiet oci:${layout}:${name} docker-archive:${archive}:${reference}`,
  );
  await docker.load(archive);
  await shell(`rm -r ${archive} ${layout}`);
  await docker.save([reference], archive);
  await docker.remove(reference);
  return { archive, reference, description: `\`docker save\` of ${description.replace(/ \([^)]*\)/, "")}` };
}

/** Imports the archive into the dock's graph, and takes its images out again. Returns how long the import took, in ms. */
async function importOnce(dock: Dock, path: string): Promise<number> {
  const { producer } = dock;
  let id: string | undefined;
  const duration = await timed(async () => {
    const { images } = await producer.wait(await producer.enqueue("import", { source: { path } }));
    id = images[0]?.id;
  });
  await removeImage(dock, id);
  return duration;
}

/** Loads it into an engine, and removes it. Ours is durable when it is done, so theirs is synced too. */
async function loadOnce(
  { scratch }: Dock,
  engine: Engine,
  archive: string,
  reference: string,
): Promise<number> {
  const duration = await timed(async () => {
    await engine.load(archive);
    await shell(`sync -f ${scratch}`);
  });
  await engine.remove(reference);
  await shell(`sync -f ${scratch}`);
  return duration;
}
