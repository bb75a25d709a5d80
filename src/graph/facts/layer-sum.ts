// Adds up the entries of a layer. Memory is flat: of its files only those with several names are remembered.

import { meaningOf } from "../whiteout.js";
import type { LayerSize } from "./layer-facts.js";

/** What is asked of a regular file. */
interface FileInLayer {
  readonly nlink: bigint;
  readonly ino: bigint;
  readonly size: bigint;
}

/** @returns a sum of nothing; `add` takes an entry by its name, with what it is if it is a regular file */
export function openLayerSum() {
  const seen = new Set<bigint>();
  let [layerBytes, entries, whiteouts] = [0, 0, 0];
  return {
    add(name: string, file: FileInLayer | undefined): void {
      entries += 1;
      if (file === undefined) return;
      if (["whiteout", "opaque"].includes(meaningOf(name).kind)) whiteouts += 1;
      if (seen.has(file.ino)) return;
      if (file.nlink !== 1n) seen.add(file.ino);
      layerBytes += Number(file.size);
    },
    size: (): LayerSize => ({ layerBytes, entries, whiteouts }),
  };
}
