// The verification of a whole graph against reading its layers by hand, and what the manifest costs at the checksum.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type ChecksumRequest,
  checksumLayer,
  chooseXzEngine,
  engineCompressor,
} from "../../src/layer/index.js";
import { describeSample, sample } from "../data.js";
import type { Dock } from "../dock.js";
import { describeMixedGraph, makeMixedGraph } from "../mixed-graph.js";
import { inTurn, type Row, timed } from "../row.js";
import { shell } from "../shell.js";
import { stevedore } from "../stevedore.js";

const rounds = 5;

export async function measureVerify({ scratch }: Dock): Promise<Row[]> {
  const root = join(scratch, "verified");
  const ids = await makeMixedGraph(root);
  await stevedore("checksum", "--all", "--recipe", "xz-1", "--root", root);
  const verifyAll = () => stevedore("verify", "--all", "--root", root);
  const byHand = () => shell("for layer in graph/*/layer; do tar -C $layer -cf - . | sha256sum; done", root);
  // Once before, so that both find the layers in the page cache.
  await byHand();
  const measured = await inTurn(
    rounds,
    () => timed(verifyAll),
    () => timed(byHand),
  );
  return [
    {
      what: "stevedore verify --all",
      against: "tar -c | sha256sum of each layer",
      on: describeMixedGraph(ids),
      ...measured,
      unit: "ms",
      value: measured.ours / measured.peer,
      target: { atMost: 1.2 },
    },
    await measureManifest(scratch),
  ];
}

/** The same pass with and without the manifest, over many small files, each of which has a line in it. */
async function measureManifest(scratch: string): Promise<Row> {
  const layer = await sample(scratch, "small-files", 20 * 1024 ** 2, 20_000);
  const engine = await chooseXzEngine();
  const request: ChecksumRequest = {
    recordBytes: Buffer.from("{}"),
    layerDirectory: layer.tree,
    recipe: "xz-6",
    openCompressor: () => engineCompressor(engine, 2),
  };
  const manifestPath = join(scratch, "manifest.gz");
  const measured = await inTurn(
    rounds,
    () => timed(() => checksumLayer({ ...request, manifestPath })),
    () => timed(() => checksumLayer(request)),
  );
  const bytes = readFileSync(manifestPath).length;
  rmSync(manifestPath);
  return {
    what: "checksum with its manifest",
    against: "the same without",
    on: `${describeSample(layer)}; the manifest has ${Math.round(bytes / 1024)} KiB`,
    ...measured,
    unit: "ms",
    value: measured.ours / measured.peer,
    target: { atMost: 1.1 },
  };
}
