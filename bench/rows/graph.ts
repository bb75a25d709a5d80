// The checksums of a whole graph of mixed sizes, by the command, against the CPU time that xz alone takes for the same
// layers, spread over all cores; and how busy the cores were.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { shellLine } from "../../src/layer/index.js";
import type { Dock } from "../dock.js";
import { describeMixedGraph, makeMixedGraph } from "../mixed-graph.js";
import type { Row } from "../row.js";
import { shell } from "../shell.js";
import { stevedore } from "../stevedore.js";

/** How often the load of the cores is read, in ms. */
const sampling = 500;

export async function measureGraph({ scratch }: Dock): Promise<Row[]> {
  const root = join(scratch, "mixed");
  const ids = await makeMixedGraph(root);
  const cores = availableParallelism();
  const peer = await xzAlone(root, ids);
  const ours = await checksumAll(root);
  const wrong = ids.filter((id) => ours.checksums.get(id) !== peer.checksums.get(id));
  if (wrong.length > 0) throw new Error(`the shell gives other checksums for ${wrong.join(", ")}`);
  const ideal = peer.cpuMs / cores;
  const on = `${describeMixedGraph(ids)}; every checksum equal to the shell line's`;
  return [
    {
      what: "checksum --all of a graph of mixed sizes",
      against: `CPU time of xz -6 -T+1 --block-size=8MiB over ${cores} cores`,
      on,
      ours: ours.durationMs,
      peer: ideal,
      unit: "ms",
      value: ours.durationMs / ideal,
      target: { atMost: 1.02 },
    },
    {
      what: "the cores' load until the last 5 % of it",
      against: "-",
      on: `${cores} cores`,
      ours: ours.busyPercent,
      peer: null,
      unit: "%",
      value: ours.busyPercent,
      target: { atLeast: 95 },
    },
  ];
}

/** The documented line for each layer, one thread at a time; its bytes are the same. Returns what xz took of the CPU. */
async function xzAlone(
  root: string,
  ids: readonly string[],
): Promise<{ cpuMs: number; checksums: Map<string, string> }> {
  const checksums = new Map<string, string>();
  const times = join(root, "times");
  for (const id of ids) {
    const line = shellLine("xz-6", { imageDirectory: join(root, "graph", id) });
    const timed = line.replace(/\| xz ([^;]*?)-T2/, `| { TIMEFORMAT='%U %S'; time xz $1-T+1; } 2>> ${times}`);
    if (timed === line) throw new Error(`there is no xz in ${line}`);
    checksums.set(id, `sha256:${(await shell(timed)).slice(0, 64)}`);
  }
  const seconds = readFileSync(times, "utf8").trim().split(/\s+/).map(Number);
  return { cpuMs: seconds.reduce((total, value) => total + value, 0) * 1_000, checksums };
}

async function checksumAll(root: string) {
  const samples: { at: number; busy: number; all: number }[] = [];
  const sample = () => samples.push({ at: performance.now(), ...readLoad() });
  const timer = setInterval(sample, sampling);
  sample();
  const begun = performance.now();
  const stdout = await stevedore("checksum", "--all", "--json", "--root", root).finally(() =>
    clearInterval(timer),
  );
  const durationMs = performance.now() - begun;
  const results: { id: string; checksum: string }[] = JSON.parse(stdout).checksums;
  const counted = samples.filter(({ at }) => at <= begun + durationMs * 0.95);
  const [first, last] = [counted[0], counted.at(-1)];
  if (first === undefined || last === undefined) throw new Error("there are no samples of the load");
  return {
    durationMs,
    checksums: new Map(results.map(({ id, checksum }) => [id, checksum])),
    busyPercent: (100 * (last.busy - first.busy)) / (last.all - first.all),
  };
}

/** Ticks of all cores since boot, and those of them that were not idle: the first line of /proc/stat, proc(5). */
function readLoad(): { busy: number; all: number } {
  const ticks =
    readFileSync("/proc/stat", "latin1").split("\n", 1)[0]?.split(/\s+/).slice(1, 9).map(Number) ?? [];
  const all = ticks.reduce((total, value) => total + value, 0);
  return { all, busy: all - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
}
