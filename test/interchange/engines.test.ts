// Images from real engines, mounted, and back in them: Docker and podman show and run what builders have made of them.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Producer } from "../../src/producer/index.js";
import { runJob, shell, useDock } from "../support/dock.js";
import { type BuiltImage, builtImageNames, builtImages } from "../support/engines/built-images.js";
import { withoutRoot } from "../support/engines/engine.js";
import { useDocker, usePodman } from "../support/engines/use-engines.js";
import { unmountBelow } from "../support/mounts/mounted.js";
import { shownTree } from "../support/mounts/scratch-mounts.js";

const dock = useDock();
const engines = [useDocker(), usePodman()];
let images: ReadonlyMap<string, BuiltImage>;

beforeAll(async () => {
  images = await builtImages();
});
afterAll(() => unmountBelow(dock.scratch));

describe.each(builtImageNames)("the image %s", (name) => {
  it("is, mounted, what Docker and podman make of it, and they run it when it comes back", () =>
    dock.serving(async ({ producer }) => {
      const { reference, docker, pushed, prints } = image(name);
      await importSaved(producer, docker);
      const tree = await mountedTree(producer, reference);
      for (const engine of engines) {
        await engine.load(docker);
        expect(tree).toEqual(await engine.listing(reference));
        await engine.remove(reference);
      }
      const { path } = await runJob(producer, "export", { ids: [reference], format: "docker" });
      for (const engine of engines) {
        await engine.load(path);
        expect(await engine.start(reference)).toBe(prints);
        await engine.remove(reference);
      }
      if (pushed === undefined) return;
      await importSaved(producer, pushed, reference);
      expect(await mountedTree(producer, reference)).toEqual(tree);
    }));
});

function image(name: string): BuiltImage {
  const found = images.get(name);
  if (found === undefined) throw new Error(`there is no image ${name}`);
  return found;
}

/** Imports a copy: the worker reads below the scratch directory alone. */
async function importSaved(producer: Producer, saved: string, name?: string): Promise<void> {
  const copy = join(dock.scratch, `copy-${copies++}`);
  shell(`cp -r '${saved}' '${copy}'`);
  await runJob(producer, "import", { source: { path: copy }, ...(name === undefined ? {} : { name }) });
}
let copies = 0;

async function mountedTree(producer: Producer, reference: string): Promise<readonly string[]> {
  const { target, mountId } = await runJob(producer, "mount", { id: reference, readOnly: true });
  const tree = withoutRoot(await shownTree(target));
  await runJob(producer, "unmount", { mountId });
  return tree;
}
