// Writes a graph of many images at once, without the syncs that make a store of one durable.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GraphNode } from "../../../src/server/dashboard/app/picture/layout/forest.js";

/** Puts images with empty layers below `<root>/graph`, which hold what these nodes tell; they are not mounted. */
export function writeGraph(root: string, nodes: readonly GraphNode[]): void {
  for (const { id, parent, created, comment, layerBytes, checksums, broken } of nodes) {
    const directory = join(root, "graph", id);
    mkdirSync(join(directory, "layer"), { recursive: true });
    const record = { id, parent: parent ?? undefined, comment: comment ?? undefined, created };
    writeFileSync(join(directory, "json"), broken === undefined ? JSON.stringify(record) : "{");
    const facts = { layerBytes: layerBytes ?? 0, entries: 1, whiteouts: 0 };
    writeFileSync(join(directory, "layer.json"), JSON.stringify(facts));
    const digest = `sha256:${id.padEnd(64, "0").slice(0, 64)}`;
    const entry = {
      checksum: digest,
      tarDigest: digest,
      layerBytes: 0,
      archiveBytes: 0,
      computedAt: created,
    };
    const stored = Object.fromEntries(checksums.map((recipe) => [recipe, entry]));
    if (checksums.length > 0) writeFileSync(join(directory, "checksum.json"), JSON.stringify(stored));
  }
}
