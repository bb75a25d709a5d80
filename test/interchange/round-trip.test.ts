// What came in goes out the same: images of builders, imported, exported and loaded again, by Docker and by podman.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { HistoryStep } from "../../src/listing/index.js";
import { runJob, shell, useDock } from "../support/dock.js";
import { type BuiltImage, builtImageNames, builtImages, isPushed } from "../support/engines/built-images.js";
import type { Engine } from "../support/engines/engine.js";
import { useDocker, usePodman } from "../support/engines/use-engines.js";
import { runCommand } from "../support/processes/command.js";

const dock = useDock();
const engines = { docker: useDocker(), podman: usePodman() };
type EngineName = keyof typeof engines;
const engineNames = Object.keys(engines) as EngineName[];
let images: ReadonlyMap<string, BuiltImage>;

beforeAll(async () => {
  images = await builtImages();
});

describe.each(builtImageNames)("the image %s", (name) => {
  /** What each engine says of the image as its builder saved it. */
  const before = new Map<EngineName, Facts>();

  beforeAll(async () => {
    const { docker, reference } = image(name);
    for (const which of engineNames) before.set(which, await loaded(engines[which], docker, reference));
  });

  const forms = isPushed(name) ? (["docker", "pushed"] as const) : (["docker"] as const);
  const cases = forms.flatMap((of) => (["docker", "oci"] as const).map((format) => [of, format] as const));

  it.each(cases)("in the form %s and exported as %s is the same image to both engines", (of, format) =>
    dock.serving(async ({ producer, root }) => {
      const { reference, [of]: saved = "" } = image(name);
      const path = join(dock.scratch, `${name}-${of}-${format}`);
      shell(`cp -r '${saved}' '${path}'`);
      await runJob(producer, "import", { source: { path }, name: reference });
      const { json } = await runCommand(["history", reference, "--json"], { root });
      const steps = json.map((step: HistoryStep) => stepOf(step, root));
      expect(steps).toEqual(before.get("docker")?.history.map(withoutTime));
      const exported = await runJob(producer, "export", { ids: [reference], format });
      for (const which of engineNames) {
        const after = await loaded(engines[which], exported.path, reference);
        expect({ which, ...after }).toEqual({ which, ...before.get(which) });
      }
    }),
  );
});

interface Facts {
  readonly id: string;
  readonly diffIds: readonly string[];
  readonly history: readonly string[];
  readonly config: unknown;
  readonly tree: readonly string[];
}

/** A line of Docker's history without the time, which Docker tells in whole seconds of this zone. */
function withoutTime(line: string): unknown[] {
  return JSON.parse(line).slice(1);
}

/** The same of a step as `stevedore history` tells it. Docker's size counts the lengths of symlinks, too. */
function stepOf({ id, parent, createdBy, layerBytes, comment }: HistoryStep, root: string): unknown[] {
  const isImage = id !== null && existsSync(join(root, "graph", id, "config.json"));
  const layer = join(root, "graph", (isImage ? parent : id) ?? "", "layer");
  const lengths = layerBytes === 0 ? "" : shell(`find ${layer} -type l -printf '%s\n'`);
  const symlinks = lengths.split("\n").reduce((sum, length) => sum + Number(length), 0);
  return [createdBy ?? "", String(layerBytes + symlinks), comment ?? ""];
}

/** Loads an archive of one image into an engine that has none, and removes it again. */
async function loaded(engine: Engine, archive: string, reference: string): Promise<Facts> {
  expect(await engine.names()).toEqual([]);
  await engine.load(archive);
  expect(await engine.names()).toEqual([reference]);
  const facts = {
    id: await engine.imageId(reference),
    diffIds: await engine.diffIds(reference),
    history: await engine.history(reference),
    config: await engine.config(reference),
    tree: await engine.listing(reference),
  };
  await engine.remove(reference);
  return facts;
}

function image(name: string): BuiltImage {
  const found = images.get(name);
  if (found === undefined) throw new Error(`there is no image ${name}`);
  return found;
}
