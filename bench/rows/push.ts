// Pushing an image over the loopback interface to Debian's docker-registry, against skopeo. Both keep trees, and have to pack
// and compress them.
import { join } from "node:path";
import { openPodman } from "../../test/support/engines/podman.js";
import { startRegistry } from "../../test/support/registry/registry.js";
import type { Dock } from "../dock.js";
import { makeLayeredImage } from "../layered-image.js";
import { inTurn, median, type Row, timed } from "../row.js";
import { shell } from "../shell.js";
import { stevedore } from "../stevedore.js";

const rounds = 5;
const copy = "skopeo --insecure-policy copy --quiet --dest-tls-verify=false";

/** Ours is the time from enqueueing to the result. */
export async function measurePush(dock: Dock): Promise<Row[]> {
  const { producer, scratch } = dock;
  await using podman = await openPodman();
  const { layout, name, description } = await makeLayeredImage(dock, "pushed");
  await producer.wait(await producer.enqueue("import", { source: { path: layout } }));
  const plain = join(scratch, "plain.tar");
  await shell(
    `skopeo --insecure-policy copy --quiet oci:${layout}:${name} docker-archive:${plain}:localhost/${name}`,
  );
  await podman.load(plain);
  await shell(`rm ${plain}`);

  const ours = () => toEmpty((ref) => pushOnce(dock, name, ref));
  const bySkopeo = (from: string) => () =>
    toEmpty((ref) => timed(() => shell(`${copy} ${from} docker://${ref}`, "/", podman.env)));
  const against = async (peer: string, from: string, target: Row["target"]): Promise<Row> => {
    const measured = await inTurn(rounds, ours, bySkopeo(from));
    return {
      ...{ what: "push", against: peer, on: description, ...measured, unit: "ms" },
      ...{ value: measured.ours / measured.peer, target },
    };
  };
  return [
    await against(
      "`skopeo copy` from podman's storage (overlay), which compresses by gzip on all cores",
      `containers-storage:localhost/${name}`,
      { atMost: 1 },
    ),
    await against(
      "`skopeo copy` from the layout, which sends the compressed layers as they are",
      `oci:${layout}:${name}`,
      null,
    ),
    ...(await measureSecond(dock, name, description)),
  ];
}

/**
 * Pushes to a registry that has nothing, whose place no one has seen: skopeo remembers for each place which layers are there
 * and in which form, and so compresses none a second time.
 */
async function toEmpty(push: (ref: string) => Promise<number>): Promise<number> {
  await using registry = await startRegistry();
  return await push(`${registry.host}/bench/pushed:latest`);
}

async function pushOnce({ producer }: Dock, image: string, ref: string): Promise<number> {
  return timed(async () => producer.wait(await producer.enqueue("push", { image, ref })));
}

/** Pushes what is there already, by the worker and by a command that starts one of its own. */
async function measureSecond(dock: Dock, image: string, on: string): Promise<Row[]> {
  await using registry = await startRegistry();
  const ref = `${registry.host}/bench/pushed:latest`;
  const push = () => pushOnce(dock, image, ref);
  await push();
  const ours = await medianOf(push);
  const flags = ["--root", dock.root, "--registry-insecure", registry.host];
  const command = await medianOf(() => timed(() => stevedore("push", image, ref, ...flags)));
  const told = { on, peer: null, unit: "ms", against: "-" };
  return [
    { ...told, what: "a second push", ours, value: ours, target: { atMost: 300 } },
    { ...told, what: "the same by a command of its own", ours: command, value: command, target: null },
  ];
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) values.push(await measure());
  return median(values);
}
