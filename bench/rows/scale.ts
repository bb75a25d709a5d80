// A graph of many images: opening it, looking one up, listing all, and deleting one that has no children.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { openGraph } from "../../src/graph/index.js";
import { removeImage } from "../../test/support/images/remove-image.js";
import type { Dock } from "../dock.js";
import { makeGraph } from "../make-graph.js";
import { median, type Row, timed } from "../row.js";
import { binary } from "../stevedore.js";

const images = 100_000;
const lookUps = 1_000;
const deletions = 5;

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
  const firstDeletion = await timed(() => removeImage(graph, ids.pop() ?? ""));
  const deleted: number[] = [];
  for (let number = 0; number < deletions; number++) {
    deleted.push(await timed(() => removeImage(graph, ids.pop() ?? "")));
  }
  await graph.close();
  const listings = [];
  for (const command of ["images", "tree", "check"]) listings.push(await list(root, command));
  return [
    row("open a graph and look the first image up", opened, "ms", 1_000),
    row("look an image up by a prefix", median(found), "ms", 1),
    row("delete an image, the first time: reads all records", firstDeletion, "ms", null),
    row("delete an image", median(deleted), "ms", null),
    ...listings.flatMap(({ command, seconds, mebibytes }) => [
      row(`stevedore ${command} --json`, seconds, "s", command === "images" ? 10 : null),
      row(`peak memory of stevedore ${command} --json`, mebibytes, "MiB", command === "images" ? 300 : null),
    ]),
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
