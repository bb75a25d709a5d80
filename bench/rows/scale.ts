// Graphs of many images: opening one, looking an image up, listing all, deleting one that has no children, collecting garbage,
// and measuring layers of which no size is known.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { collectGarbage } from "../../src/garbage/index.js";
import { openGraph } from "../../src/graph/index.js";
import { openMounts } from "../../src/mount/index.js";
import { removeImage } from "../../test/support/images/remove-image.js";
import type { Dock } from "../dock.js";
import { makeGraph, makeNames } from "../make-graph.js";
import { median, type Row, timed } from "../row.js";
import { binary } from "../stevedore.js";

const images = 100_000;
const lookUps = 1_000;
const deletions = 9;
/** Of the graphs of garbage, and of layers without sizes. */
const fewer = 10_000;
const million = 1_000_000;

export async function measureScale({ scratch }: Dock): Promise<Row[]> {
  const root = join(scratch, "scale");
  const ids = makeGraph(root, { count: images });
  const row = (what: string, ours: number, unit: string, atMost: number | null): Row => ({
    ...{
      what,
      against: "-",
      on: `${images.toLocaleString("en")} images`,
      ours,
      peer: null,
      unit,
      value: ours,
    },
    target: atMost === null ? null : { atMost },
  });

  const prefixOf = (number: number) => (ids[(number * 97) % ids.length] ?? "").slice(0, 12);
  let graph = await openGraph(root);
  const opened = await timed(async () => {
    graph = await openGraph(root);
    await graph.resolve(prefixOf(0));
  });
  const found: number[] = [];
  for (let number = 0; number < lookUps; number++) {
    found.push(await timed(() => graph.resolve(prefixOf(number))));
  }
  // Before the deletions: they then find the records in the page cache, and what was written on the disk.
  const listings = [];
  for (const command of ["images", "tree", "check"]) listings.push(await list(root, command));
  const firstDeletion = await timed(() => removeImage(graph, ids.pop() ?? ""));
  const deleted: number[] = [];
  for (let number = 0; number < deletions; number++) {
    deleted.push(await timed(() => removeImage(graph, ids.pop() ?? "")));
  }
  await graph.close();
  return [
    row("open a graph and look the first image up", opened, "ms", 1_000),
    row("look an image up by a prefix", median(found), "ms", 1),
    row("delete an image, the first time: reads all records", firstDeletion, "ms", 500),
    row("delete an image", median(deleted), "ms", 20),
    ...listings.flatMap(({ command, seconds, mebibytes }) => [
      row(`stevedore ${command} --json`, seconds, "s", command === "check" ? null : 3),
      row(`peak memory of stevedore ${command} --json`, mebibytes, "MiB", command === "check" ? null : 200),
    ]),
  ];
}

/** Collects a graph of which all images are garbage, and lists one whose layers have to be measured. */
export async function measureFewer({ scratch }: Dock): Promise<Row[]> {
  const garbage = join(scratch, "garbage");
  makeGraph(garbage, { count: fewer });
  const graph = await openGraph(garbage, { create: true });
  let collected = 0;
  const collecting = await timed(async () => {
    ({ images: collected } = await collectGarbage(graph, openMounts(graph), {}, () => undefined));
  });
  await graph.close();
  if (collected !== fewer) throw new Error(`${collected} of ${fewer} images were collected`);
  const unmeasured = join(scratch, "unmeasured");
  makeGraph(unmeasured, { count: fewer, facts: 0 });
  const first = await list(unmeasured, "images");
  const second = await list(unmeasured, "images");
  const on = `${fewer.toLocaleString("en")} images`;
  const row = (what: string, ours: number, atMost: number | null): Row => ({
    ...{ what, against: "-", on, ours, peer: null, unit: "s", value: ours },
    target: atMost === null ? null : { atMost },
  });
  return [
    row("collect garbage: all images", collecting / 1_000, 20),
    row("stevedore images --json without any layer.json", first.seconds, 30),
    row("the same once more", second.seconds, null),
  ];
}

/** Opens a graph of a million images, which have nothing but their names, and looks one up. */
export async function measureMillion({ scratch }: Dock): Promise<Row[]> {
  const root = join(scratch, "million");
  const ids = makeNames(root, million);
  const id = ids[million / 2] ?? "";
  const took = await timed(async () => {
    const graph = await openGraph(root);
    if ((await graph.resolve(id.slice(0, 16))) !== id) throw new Error("another image was found");
  });
  const on = `${million.toLocaleString("en")} images`;
  const what = "open a graph and look the first image up";
  return [
    {
      ...{ what, against: "-", on, ours: took / 1_000, peer: null, unit: "s", value: took / 1_000 },
      target: { atMost: 2 },
    },
  ];
}

/** Runs a listing in a process of its own, which tells its peak memory (in KiB, getrusage(2)) when it ends. */
async function list(root: string, command: string) {
  const tellPeak = `process.on("exit", () => console.error(process.resourceUsage().maxRSS))`;
  const preload = `data:text/javascript,${encodeURIComponent(tellPeak)}`;
  let peak = "";
  const seconds = await timed(async () => {
    const child = spawn(process.execPath, ["--import", preload, binary, command, "--json", "--root", root], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH },
    });
    child.stdout.resume();
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      peak += text;
    });
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`stevedore ${command} ended with ${code}: ${peak}`);
  });
  return { command, seconds: seconds / 1_000, mebibytes: Number(peak) / 1024 };
}
