// The verification of a whole graph against reading its layers by hand, and what the manifest costs at the checksum.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type ChecksumRequest,
  checksumLayer,
  chooseXzEngine,
  engineCompressor,
} from "../../src/layer/index.js";
import { openProducer } from "../../src/producer/index.js";
import { describeSample, sample } from "../data.js";
import { type Dock, startProcess } from "../dock.js";
import { describeMixedGraph, makeMixedGraph } from "../mixed-graph.js";
import { inTurn, type Row, timed } from "../row.js";
import { shell } from "../shell.js";
import { binary, stevedore } from "../stevedore.js";

const rounds = 5;

export async function measureVerify({ scratch, redis }: Dock): Promise<Row[]> {
  const root = join(scratch, "verified");
  const ids = await makeMixedGraph(root);
  await stevedore("checksum", "--all", "--recipe", "xz-1", "--root", root);
  const name = "verified";
  const flags = ["--redis", redis, "--root", root, "--graph", name];
  await using _worker = await startProcess([binary, "worker", ...flags]);
  const producer = openProducer({ redis, graph: name });
  const verifyAll = async () => {
    const result = await producer.wait(await producer.enqueue("verify-graph", {}));
    if (result.verified !== ids.length) throw new Error(`verified ${result.verified} of ${ids.length}`);
    return result.durationMs;
  };
  const byHand = (how: string) => () => timed(() => shell(how, root));
  const ofOne = "tar -C $layer -cf - . | sha256sum";
  const onAllCores = `printf '%s\\n' graph/*/layer | xargs -P$(nproc) -I{} sh -c 'layer={}; ${ofOne}'`;
  const inARow = `for layer in graph/*/layer; do ${ofOne}; done`;
  // Once before, so that all find the layers in the page cache.
  await byHand(inARow)();
  const against = async (
    ours: () => Promise<number>,
    told: Pick<Row, "what" | "against" | "target">,
    how: string,
  ) => {
    const measured = await inTurn(rounds, ours, byHand(how));
    const value = measured.ours / measured.peer;
    return { ...told, on: describeMixedGraph(ids), ...measured, unit: "ms", value };
  };
  const command = () => timed(() => stevedore("verify", "--all", "--root", root));
  try {
    return [
      await against(
        verifyAll,
        {
          what: "verify-graph",
          against: "`xargs -P$(nproc)` of `tar -c | sha256sum` over the layers",
          target: { atMost: 1.05 },
        },
        onAllCores,
      ),
      await against(
        command,
        {
          what: "stevedore verify --all",
          against: "tar -c | sha256sum of each layer, one after the other",
          target: { atMost: 1.2 },
        },
        inARow,
      ),
      await measureManifest(scratch),
    ];
  } finally {
    await producer.close();
  }
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
