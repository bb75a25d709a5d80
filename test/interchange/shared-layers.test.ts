// What an import adds to a graph: each layer once, under an id that anyone can compute, and the names it came with.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { runJob, useDock } from "../support/dock.js";
import { toDockerArchive } from "../support/images/converted-images.js";
import { type ImageConfig, imageOf, type Manifest } from "../support/images/oci-layout.js";
import { makePlatforms, platforms } from "../support/images/platforms.js";
import { makeRealImages, realLayers } from "../support/images/real-images.js";
import { shell } from "../support/processes/shell.js";
import { stateOf } from "../support/trees/disk-listing.js";

const dock = useDock();
let layout: string;
let many: string;

beforeAll(async () => {
  layout = await makeRealImages(join(dock.scratch, "made"));
  many = await makePlatforms(join(dock.scratch, "many"));
});

describe("an import", () => {
  it("derives the ids that the documented shell line gives, and adds layers that images share once", () =>
    dock.serving(async ({ producer, root }) => {
      const imported = await runJob(producer, "import", { source: { path: layout }, name: "example.org/y" });
      const [all, sibling] = [imageOf(layout, "all"), imageOf(layout, "sibling")];
      const ids = { all: await idsByShell(all), sibling: await idsByShell(sibling) };
      expect(ids.sibling.slice(0, 3)).toEqual(ids.all.slice(0, 3));
      expect(imported).toMatchObject({ layersAdded: realLayers.together, layersPresent: 0, moved: [] });
      expect(imported.images.map(({ id, names, layers }) => ({ id, names, layers }))).toEqual([
        { id: ids.all.at(-1), names: ["example.org/y:all"], layers: realLayers.all },
        { id: ids.sibling.at(-1), names: ["example.org/y:sibling"], layers: realLayers.sibling },
      ]);
      const graph = await openGraph(root);
      const history = await graph.history(ids.all.at(-1) ?? "");
      expect(history.map(({ id }) => id)).toEqual(ids.all.toReversed());
      expect([...(await graph.names.all())]).toEqual([
        ["example.org/y:all", ids.all.at(-1)],
        ["example.org/y:sibling", ids.sibling.at(-1)],
      ]);
    }));

  it("keeps in the records what the config and its history tell", () =>
    dock.serving(async ({ producer, root }) => {
      const { images } = await runJob(producer, "import", {
        source: { path: layout },
        name: "example.org/y",
      });
      const { config } = imageOf(layout, "all");
      const graph = await openGraph(root);
      const [image, ...layers] = await graph.history(images[0]?.id ?? "");
      expect(layers.map(({ record }) => Object.keys(record))).toEqual([
        ...Array(realLayers.all - 1).fill(["id", "parent", "created"]),
        ["id", "created"],
      ]);
      expect(image?.record).toMatchObject({
        author: "A. N. Other <other@example.org>",
        architecture: config.architecture,
        os: "linux",
        config: config.config,
        history: config.history,
      });
    }));

  it("adds nothing the second time, from whatever form the same layers come", () =>
    dock.serving(async ({ producer, root }) => {
      const first = await runJob(producer, "import", { source: { path: layout }, name: "example.org/y" });
      const before = await stateOf(join(root, "graph"));
      const again = await runJob(producer, "import", { source: { path: layout }, name: "example.org/y" });
      expect(again).toMatchObject({
        images: first.images,
        layersAdded: 0,
        layersPresent: realLayers.together,
        moved: [],
      });
      expect(await namesAndTimes(before)).toEqual(namesAndTimes(await stateOf(join(root, "graph"))));

      // skopeo writes another config, so the image itself is another: it lies on the same layers.
      const archive = await toDockerArchive(
        `${layout}:all`,
        join(dock.scratch, "x.tar"),
        "example.org/y:all",
      );
      const other = await runJob(producer, "import", { source: { path: archive } });
      expect(other.images).toEqual([
        { id: expect.any(String), names: ["example.org/y:all"], layers: realLayers.all },
      ]);
      expect(other.layersAdded).toBe(0);
      const [all, moved] = [first.images[0]?.id ?? "", other.images[0]?.id ?? ""];
      expect(other.moved).toEqual(all === moved ? [] : [{ name: "example.org/y:all", previous: all }]);
      const graph = await openGraph(root);
      expect(await graph.names.lookup("example.org/y:all")).toBe(moved);
      expect((await graph.get(moved)).parent).toBe((await graph.get(all)).parent);
    }));
});

describe("an index of several platforms", () => {
  it.each(Object.entries(platforms))("gives the image for %s, and no attestation", (platform, file) =>
    dock.serving(async ({ producer, root }) => {
      const { images } = await runJob(producer, "import", { source: { path: many }, platform, name: "x:y" });
      expect(images).toHaveLength(1);
      const graph = await openGraph(root);
      const [image, layer, ...others] = await graph.history(images[0]?.id ?? "");
      expect([await graph.imageCount(), others]).toEqual([2, []]);
      expect(readdirSync(image?.layerDirectory ?? "")).toEqual([]);
      expect(readdirSync(layer?.layerDirectory ?? "")).toEqual([file]);
    }),
  );

  it("that has no image for the platform says which there are, and adds nothing", () =>
    dock.serving(async ({ producer, root }) => {
      const data = { source: { path: many }, platform: "linux/riscv64", name: "x:y" };
      await expect(runJob(producer, "import", data)).rejects.toMatchObject({
        code: "SOURCE_NOT_FOUND",
        message: expect.stringMatching(/linux\/amd64.*linux\/arm64\/v8/),
      });
      expect(await (await openGraph(root)).imageCount()).toBe(0);
    }));
});

/** The ids of an image's layers, the base's first, as `printf` and `sha256sum` have them, and its image ID. */
async function idsByShell(image: {
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}): Promise<string[]> {
  const diffIds = image.config.rootfs.diff_ids;
  const ids: string[] = [];
  for (const diffId of diffIds) {
    const lines = [ids.at(-1) ?? "", diffId].map((line) => `'${line}'`).join(" ");
    ids.push((await shell(`printf '%s\\n' ${lines} | sha256sum`)).toString().slice(0, 64));
  }
  return [...ids, image.manifest.config.digest.slice("sha256:".length)];
}

/** What was written of it, without the folder of staging: that an import uses. */
function namesAndTimes(lines: readonly string[]): string[] {
  return lines.filter((line) => !line.startsWith(" ") && !line.startsWith(":tmp:"));
}
