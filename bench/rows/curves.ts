// What a worker makes of more threads, and how the jobs of whole graphs take time over their size: two plots in docs/.
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { openProducer } from "../../src/producer/index.js";
import { startWorker, type WorkerOptions } from "../../src/worker/index.js";
import { sample } from "../data.js";
import type { Dock } from "../dock.js";
import { type Curve, drawLines } from "../line-plot.js";
import { makeGraph } from "../make-graph.js";
import { type Row, timed } from "../row.js";
import { shell } from "../shell.js";

const mebibyte = 1024 ** 2;
/** Layers of one block each, so that a thread is what a layer gets. */
const [layers, layerBytes] = [16, 4 * mebibyte];
const sizes = [10, 100, 1_000, 10_000];
/** A checksum of a tiny layer takes some 30 ms: a larger graph would only draw the line on. */
const mostChecksums = 1_000;

export async function measureCurves(dock: Dock): Promise<Row[]> {
  return [...(await overThreads(dock)), ...(await overSize(dock))];
}

async function overThreads({ scratch, redis }: Dock): Promise<Row[]> {
  const { tree } = await sample(scratch, "blocks", layers * layerBytes, mebibyte);
  const root = join(scratch, "threads");
  const content = join(scratch, "blocks.bin");
  await shell(
    `find ${tree} -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | head -c ${layers * layerBytes} > ${content}`,
  );
  for (let number = 0; number < layers; number++) {
    const directory = join(root, "graph", `block-${number}`);
    await shell(`mkdir -p ${directory}/layer
      tail -c +${number * layerBytes + 1} ${content} | head -c ${layerBytes} > ${directory}/layer/file || true
      printf '{"id":"block-${number}"}' > ${directory}/json`);
  }
  const counts = Array.from({ length: 2 * availableParallelism() }, (_, at) => at + 1);
  const ours: [number, number][] = [];
  const peer: [number, number][] = [];
  const perSecond = (ms: number) => (layers * layerBytes) / mebibyte / (ms / 1_000);
  for (const threads of counts) {
    const { durationMs } = await runBatch(
      { redis, root, graph: `threads-${threads}`, threads },
      "checksum-graph",
      {
        force: true,
      },
    );
    ours.push([threads, perSecond(durationMs)]);
    const line = `tar -C ${root}/graph -cf - . | xz -6 -T${threads} | sha256sum`;
    peer.push([threads, perSecond(await timed(() => shell(line)))]);
  }
  const one = ours[0]?.[1] ?? 0;
  const ideal = counts.map((count) => [count, one * Math.min(count, availableParallelism())] as const);
  plot("throughput-over-threads", "Checksums of a graph, by threads", "threads", "MiB/s", [
    { name: "checksum-graph", points: ours },
    { name: "one tar | xz -6 -T, its default blocks", points: peer, isPeer: true },
    { name: "one thread's, times the cores", points: ideal, isPeer: true },
  ]);
  return ours.map(([threads, value], at) => ({
    what: `throughput with ${threads} threads`,
    against: "tar | xz -6 with as many, its default blocks",
    on: `${layers} layers of ${layerBytes / mebibyte} MiB; the peer packs them as one`,
    ...{
      ours: value,
      peer: peer[at]?.[1] ?? null,
      unit: "MiB/s",
      value: value / (peer[at]?.[1] ?? 1),
      target: null,
    },
  }));
}

async function overSize({ scratch, redis }: Dock): Promise<Row[]> {
  const curves: Record<"checksum-graph" | "verify-graph", [number, number][]> = {
    "checksum-graph": [],
    "verify-graph": [],
  };
  let pause = 0;
  for (const count of sizes) {
    const root = join(scratch, `size-${count}`);
    makeGraph(root, { count, checksums: 1 });
    const options = { redis, root, graph: `size-${count}` };
    const verified = await runBatch(options, "verify-graph", {});
    curves["verify-graph"].push([count, verified.durationMs / 1_000]);
    pause = verified.longestPauseMs;
    if (count > mostChecksums) continue;
    const computed = await runBatch(options, "checksum-graph", { force: true });
    curves["checksum-graph"].push([count, computed.durationMs / 1_000]);
  }
  plot(
    "time-over-graph-size",
    "Whole graphs of tiny layers, by images",
    { name: "images", isLogarithmic: true },
    { name: "seconds", isLogarithmic: true },
    Object.entries(curves).map(([name, points]) => ({ name, points })),
  );
  const told = (what: string, images: number, value: number, unit: string): Row => ({
    ...{ what, against: "-", on: `${images.toLocaleString("en")} images of a tiny layer each` },
    ...{ ours: value, peer: null, unit, value, target: null },
  });
  return [
    ...Object.entries(curves).flatMap(([name, points]) =>
      points.map(([images, seconds]) => told(name, images, seconds, "s")),
    ),
    {
      ...told("longest pause of the worker's event loop in verify-graph", sizes.at(-1) ?? 0, pause, "ms"),
      target: { atMost: 250 },
    },
  ];
}

/** Runs a batch in a worker of this process, and tells for how long at most its event loop stood still. */
async function runBatch(
  options: WorkerOptions & { readonly graph: string },
  name: "checksum-graph" | "verify-graph",
  data: { readonly force?: boolean },
): Promise<{ durationMs: number; longestPauseMs: number }> {
  const worker = await startWorker(options);
  const producer = openProducer({ redis: options.redis, graph: options.graph });
  try {
    await worker.ready;
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const { durationMs } = await producer.wait(
      await producer.enqueue<"checksum-graph" | "verify-graph">(name, data),
    );
    delay.disable();
    return { durationMs, longestPauseMs: delay.max / 1e6 };
  } finally {
    await producer.close();
    await worker.close(0);
  }
}

function plot(
  name: string,
  title: string,
  x: string | { readonly name: string; readonly isLogarithmic: boolean },
  y: string | { readonly name: string; readonly isLogarithmic: boolean },
  curves: readonly Curve[],
): void {
  const axis = (given: typeof x) => (typeof given === "string" ? { name: given } : given);
  const file = fileURLToPath(new URL(`../../../docs/${name}.svg`, import.meta.url));
  writeFileSync(file, drawLines(title, axis(x), axis(y), curves));
  console.error(`bench: drawn ${file}`);
}
