// Measures small layers in this process: a program for each takes many times as long as looking at a few files.
import { lstatSync, readdirSync } from "node:fs";
import { createYielder } from "../../disk/index.js";
import { isErrno } from "../../terms/index.js";
import type { LayerSize } from "./layer-facts.js";
import { openLayerSum } from "./layer-sum.js";

/** A layer of more entries is left to a program, which walks over it beside this process. */
const mostEntries = 5_000;

/**
 * Walks over a layer. Links are not followed.
 * @returns undefined for one that has too many entries, or names that are too long for one path
 * @throws the file system's errors; `CANCELLED`
 */
export async function measureSmallLayer(
  layerDirectory: string,
  signal?: AbortSignal | undefined,
): Promise<LayerSize | undefined> {
  const turn = createYielder(signal);
  const sum = openLayerSum();
  // Names of any bytes, each byte a character.
  const left = [Buffer.from(layerDirectory).toString("latin1")];
  for (let directory = left.pop(); directory !== undefined; directory = left.pop()) {
    let entries: { readonly name: string; isDirectory(): boolean; isFile(): boolean }[];
    try {
      await turn();
      entries = readdirSync(Buffer.from(directory, "latin1"), { withFileTypes: true, encoding: "latin1" });
    } catch (error) {
      if (isErrno(error, "ENAMETOOLONG")) return undefined;
      throw error;
    }
    for (const entry of entries) {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory()) left.push(path);
      if (!entry.isFile()) sum.add(entry.name, undefined);
      else {
        await turn();
        try {
          sum.add(entry.name, lstatSync(Buffer.from(path, "latin1"), { bigint: true }));
        } catch (error) {
          if (isErrno(error, "ENAMETOOLONG")) return undefined;
          throw error;
        }
      }
      if (sum.size().entries > mostEntries) return undefined;
    }
  }
  return sum.size();
}
