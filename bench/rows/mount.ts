// Mounting an image of 1, 100 and 500 layers, against mount(8) by hand on the same directories; and a graph whose
// images all delete something, mounted one after another.
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Dock } from "../dock.js";
import { inTurn, type Row, timed } from "../row.js";

const rounds = 9;
/** What a mount may take longer than by hand, in ms. Of 100 layers nothing was demanded: as much as lies between. */
const budgets = [
  { layers: 1, atMost: 20 },
  { layers: 100, atMost: 36 },
  { layers: 500, atMost: 50 },
];
const deletingImages = 200;

export async function measureMount(dock: Dock): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { layers, atMost } of budgets) {
    const head = makeChain(dock.root, `plain-${layers}`, layers, () => ["file"]);
    rows.push(await latencyRow(dock, head, layers, atMost));
  }
  return [...rows, depthRow(rows), ...(await measureViews(dock))];
}

/** What the depth itself costs. @param rows those of the budgets, of which the first is of one layer */
function depthRow(rows: readonly Row[]): Row {
  const [shallow, deep] = [rows[0]?.ours ?? 0, rows.at(-1)?.ours ?? 0];
  return {
    ...{ what: "mount of 500 layers", against: "mount of 1 layer", on: `${rounds} mounts`, unit: "ms" },
    ...{ ours: deep, peer: shallow, value: deep - shallow, target: { atMost: 50 } },
  };
}

async function latencyRow(dock: Dock, head: string, layers: number, atMost: number): Promise<Row> {
  const byHand = byHandMount(dock, head, layers);
  const measured = await inTurn(
    rounds,
    async () => {
      const { mountId, durationMs } = await mountJob(dock, head);
      await unmountJob(dock, mountId);
      return durationMs;
    },
    async () => {
      const duration = await timed(async () => byHand.mount());
      byHand.unmount();
      return duration;
    },
  );
  return {
    what: `mount of ${layers} ${layers === 1 ? "layer" : "layers"}`,
    against: "mount -t overlay by hand",
    on: `${rounds} mounts`,
    ...measured,
    unit: "ms",
    value: measured.ours - measured.peer,
    target: { atMost },
  };
}

/** Each image of a chain deletes the file of the one before: the first mount of each builds its view. */
async function measureViews(dock: Dock): Promise<Row[]> {
  const prefix = "deleting";
  makeChain(dock.root, prefix, deletingImages, (number) => [
    `file-${number}`,
    ...(number === 0 ? [] : [`.wh.file-${number - 1}`]),
  ]);
  const round = async () => {
    let sum = 0;
    for (let number = 0; number < deletingImages; number++) {
      const { mountId, durationMs } = await mountJob(dock, `${prefix}-${number}`);
      sum += durationMs;
      await unmountJob(dock, mountId);
    }
    return sum / deletingImages;
  };
  const first = await round();
  const again = await round();
  return [
    {
      what: "mount with whiteouts, the first of each image",
      against: "the same once more, the views being there",
      on: `a chain of ${deletingImages} images, each mounted in turn`,
      ours: first,
      peer: again,
      unit: "ms",
      value: first / again,
      target: { atMost: 2 },
    },
  ];
}

async function mountJob({ producer }: Dock, id: string) {
  return producer.wait(await producer.enqueue("mount", { id }));
}

async function unmountJob({ producer }: Dock, mountId: string) {
  await producer.wait(await producer.enqueue("unmount", { mountId }));
}

/** The same mount as an operator would type it who knows the trick with the short names. */
function byHandMount({ root, scratch }: Dock, head: string, layers: number) {
  const directory = join(scratch, `by-hand-${head}`);
  for (const name of ["l", "upper", "work", "target"]) mkdirSync(join(directory, name), { recursive: true });
  const prefix = head.slice(0, head.lastIndexOf("-"));
  for (let number = 0; number < layers; number++) {
    symlinkSync(
      join(root, "graph", `${prefix}-${layers - 1 - number}`, "layer"),
      join(directory, "l", `${number}`),
    );
  }
  const lowers = Array.from({ length: layers }, (_, number) => number).join(":");
  const options = `lowerdir=${lowers},upperdir=../upper,workdir=../work`;
  return {
    mount: () =>
      execFileSync("mount", ["-t", "overlay", "overlay", "-o", options, "../target"], {
        cwd: join(directory, "l"),
      }),
    unmount: () => execFileSync("umount", [join(directory, "target")]),
  };
}

/** A chain of images as the graph lays them out; returns the id of its head. */
function makeChain(
  root: string,
  prefix: string,
  length: number,
  files: (number: number) => string[],
): string {
  for (let number = 0; number < length; number++) {
    const directory = join(root, "graph", `${prefix}-${number}`);
    mkdirSync(join(directory, "layer"), { recursive: true });
    for (const name of files(number)) writeFileSync(join(directory, "layer", name), `${number}`);
    const parent = number === 0 ? {} : { parent: `${prefix}-${number - 1}` };
    const record = { id: `${prefix}-${number}`, ...parent, container_config: {} };
    writeFileSync(join(directory, "json"), JSON.stringify(record));
  }
  return `${prefix}-${length - 1}`;
}
