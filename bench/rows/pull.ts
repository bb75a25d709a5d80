// Pulling an image over the loopback interface from Debian's docker-registry, against what else pulls it.
import { join } from "node:path";
import { startDocker } from "../../test/support/engines/docker.js";
import { openPodman } from "../../test/support/engines/podman.js";
import { startRegistry } from "../../test/support/registry/registry.js";
import type { Dock } from "../dock.js";
import { makeLayeredImage } from "../layered-image.js";
import { removeImage } from "../remove-image.js";
import { inTurn, median, type Row, timed } from "../row.js";
import { shell } from "../shell.js";

const rounds = 5;

/** Ours is durable when it is done, so theirs is synced too. Ours is the time from enqueueing to the result. */
export async function measurePull(dock: Dock): Promise<Row[]> {
  const { scratch } = dock;
  await using registry = await startRegistry();
  await using docker = await startDocker();
  await using podman = await openPodman();
  const { layout, name, description } = await makeLayeredImage(dock, "pulled");
  const reference = `${registry.host}/${name}`;
  await shell(
    `skopeo --insecure-policy copy --quiet --dest-tls-verify=false oci:${layout}:${name} docker://${reference}
    rm -r ${layout}`,
  );

  const sync = () => shell(`sync -f ${scratch}`);
  const target = join(scratch, "unpacked");
  const byUmoci = async (unpack: string) => {
    await shell(`mkdir ${target}`);
    const copied = `${target}/image`;
    const duration = await timed(() =>
      shell(
        `skopeo --insecure-policy copy --quiet --src-tls-verify=false docker://${reference} oci:${copied}:pulled
        umoci --log=error ${unpack} --image ${copied}:pulled ${target}/bundle
        sync -f ${target}`,
      ),
    );
    await shell(`rm -r ${target} && sync -f ${scratch}`);
    return duration;
  };
  const byEngine = async (engine: Pick<typeof podman, "run" | "remove">, ...flags: readonly string[]) => {
    const duration = await timed(async () => {
      await engine.run(["pull", "--quiet", ...flags, reference]);
      await sync();
    });
    await engine.remove(reference);
    await sync();
    return duration;
  };
  const peers: readonly [against: string, pull: () => Promise<number>, atMost: number | null][] = [
    ["`skopeo copy` to a layout, `umoci unpack` and `sync -f`", () => byUmoci("unpack"), 0.8],
    ["`skopeo copy` to a layout, `umoci raw unpack` and `sync -f`", () => byUmoci("raw unpack"), null],
    ["`podman pull` (overlay) and `sync -f`", () => byEngine(podman, "--tls-verify=false"), 1],
    ["`docker pull` (overlay2) and `sync -f`", () => byEngine(docker), 1],
  ];
  const rows: Row[] = [];
  for (const [against, peer, atMost] of peers) {
    const measured = await inTurn(rounds, () => pullOnce(dock, reference), peer);
    rows.push({
      ...{ what: "pull", against, on: description, ...measured, unit: "ms" },
      ...{ value: measured.ours / measured.peer, target: atMost === null ? null : { atMost } },
    });
  }
  return [...rows, await measureSecond(dock, reference, description)];
}

/** Pulls into the dock's graph, and takes the image out again. Returns how long the pull took, in ms. */
async function pullOnce(dock: Dock, ref: string): Promise<number> {
  const { producer } = dock;
  let id: string | undefined;
  const duration = await timed(async () => {
    const { images } = await producer.wait(await producer.enqueue("pull", { ref }));
    id = images[0]?.id;
  });
  await removeImage(dock, id);
  return duration;
}

/** Pulls what is there already. */
async function measureSecond({ producer }: Dock, ref: string, on: string): Promise<Row> {
  const pull = async () => producer.wait(await producer.enqueue("pull", { ref }));
  await pull();
  const durations: number[] = [];
  for (let round = 0; round < rounds; round++) durations.push(await timed(pull));
  const ours = median(durations);
  return { what: "a second pull", against: "-", on, ours, peer: null, unit: "ms", value: ours, target: null };
}
