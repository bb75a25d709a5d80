// A graph of layers of mixed sizes, from a kilobyte to the bulk of it all.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shell } from "./shell.js";

const layers = 60;
const [smallest, largest, sum] = [1024, 150 * 1024 ** 2, 500 * 1024 ** 2];

/** Layers of real files whose sizes grow by one factor from the smallest to the largest, scaled to the sum. */
export async function makeMixedGraph(root: string): Promise<string[]> {
  const grown = Array.from(
    { length: layers - 1 },
    (_, at) => smallest * (largest / smallest) ** (at / (layers - 1)),
  );
  const scale = (sum - largest) / grown.reduce((total, bytes) => total + bytes, 0);
  const sizes = [...grown.map((bytes) => Math.max(smallest, bytes * scale)), largest];
  const content = join(root, "content");
  mkdirSync(root);
  await shell(
    `find /usr -xdev -type f -size -8M -print0 | LC_ALL=C sort -z | xargs -0 cat 2>/dev/null | head -c ${sum * 1.1} > ${content} || true`,
  );
  let from = 0;
  const ids: string[] = [];
  for (const [number, size] of sizes.entries()) {
    const id = `mixed-${number}`;
    const directory = join(root, "graph", id);
    mkdirSync(join(directory, "layer"), { recursive: true });
    const bytes = Math.round(size);
    await shell(
      `tail -c +${from + 1} ${content} | head -c ${bytes} | split -b 1M - ${directory}/layer/part- || true`,
    );
    writeFileSync(join(directory, "json"), JSON.stringify({ id, container_config: {} }));
    from += bytes;
    ids.push(id);
  }
  await shell(`rm ${content}`);
  return ids;
}

/** How such a graph is called in the table. */
export function describeMixedGraph(ids: readonly string[]): string {
  return `${ids.length} layers of 1 KiB to ${largest / 1024 ** 2} MiB, ${sum / 1024 ** 2} MiB in all`;
}
