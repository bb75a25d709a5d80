// An id means one thing: whatever came first, on whichever host, what has the same id is the same.
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { digestLayer } from "../../src/layer/index.js";
import { runJob, type ServedGraph, shell, useDock } from "../support/dock.js";
import { useDocker } from "../support/engines/use-engines.js";
import { importInto } from "../support/images/imports.js";
import { imageOf } from "../support/images/oci-layout.js";
import { makeSmallLayout } from "../support/images/small-layout.js";
import { seededRandom } from "../support/seeded-random.js";
import { archive, entry } from "../support/trees/crafted-tar.js";

const dock = useDock();
const docker = useDocker();

function wild(name: string): string {
  const path = join(dock.scratch, `${name}.tar`);
  copyFileSync(fileURLToPath(new URL(`../fixtures/wild/${name}.tar`, import.meta.url)), path);
  return path;
}

/**
 * What is told of every image of a graph, but for the time at which a checksum was computed, and the manifest: not every
 * source has one.
 */
async function imagesOf(root: string): Promise<Map<string, unknown>> {
  const graph = await openGraph(root);
  const images = new Map<string, unknown>();
  for await (const { image } of graph.list()) {
    if (image === undefined) throw new Error("an image is broken");
    const beside = readdirSync(image.directory).filter((name) => name.endsWith(".json"));
    const documents = beside
      .filter((name) => !["checksum.json", "manifest.json", "blobs.json"].includes(name))
      .map((name) => [name, readFileSync(join(image.directory, name), "utf8")]);
    const { tarDigest } = await digestLayer(image.layerDirectory);
    const stored = (await graph.storedChecksums(image.id))["xz-6"]?.checksum;
    images.set(image.id, { documents, tarDigest, stored });
  }
  return images;
}

describe("two builds that share their first layer, on two hosts", () => {
  const builds = {
    "shared-layer-one": "acefeba7fbb7aaa7de6945b91fe5bec1f3ec22ef63ddf4965fea237a280ca088",
    "shared-layer-two": "cbce78ea9a3d29fdfc8c327387af687973a2930d1764bb0d5ca90d6a41cc4851",
  };

  it("give the layer one record and one checksum, cross over, and keep their image IDs by way of Docker", () =>
    dock.serving((one) =>
      dock.serving(async (two) => {
        const imported = async ({ producer }: ServedGraph, path: string) => {
          const { images } = await runJob(producer, "import", { source: { path } });
          await runJob(producer, "checksum-graph", {});
          return images.map(({ id }) => id);
        };
        const [first, second] = Object.keys(builds) as [string, string];
        const [firstId, secondId] = Object.values(builds) as [string, string];
        expect(await imported(one, wild(first))).toEqual([firstId]);
        expect(await imported(two, wild(second))).toEqual([secondId]);

        const [ours, theirs] = [await imagesOf(one.root), await imagesOf(two.root)];
        const shared = [...ours.keys()].filter((id) => theirs.has(id));
        expect(shared).toHaveLength(1);
        expect(ours.get(shared[0] ?? "")).toMatchObject({ stored: expect.stringMatching(/^sha256:/) });
        expect(withoutJobs(ours.get(shared[0] ?? ""))).toEqual(withoutJobs(theirs.get(shared[0] ?? "")));

        for (const [from, to, id, format] of [
          [one, two, firstId, "docker"],
          [two, one, secondId, "oci"],
        ] as const) {
          const { path } = await runJob(from.producer, "export", { ids: [id], format });
          const exported = join(dock.scratch, `${id}.tar`);
          copyFileSync(path, exported);
          expect(await imported(to, exported)).toEqual([id]);
          await docker.load(exported);
          expect(await docker.imageId(id)).toBe(`sha256:${id}`);
          const saved = join(dock.scratch, `${id}-saved.tar`);
          await docker.save([id], saved);
          await dock.serving(async (fresh) => expect(await imported(fresh, saved)).toEqual([id]));
          await rm(saved);
        }
        expect([...(await imagesOf(one.root))].map(withoutJobs).sort()).toEqual(
          [...(await imagesOf(two.root))].map(withoutJobs).sort(),
        );
      }),
    ));
});

/** The jobs that made the images are others on another host. */
function withoutJobs(told: unknown): string {
  return JSON.stringify(told).replace(/,\\"jobId\\":\\"[^"\\]*\\"/g, "");
}

const seed = 20;

it(`images that are imported in any order give the same graph (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  const below = (count: number) => Math.floor(random.next() * count);
  // Some name a directory, some only imply it: then it has what the layers below say.
  const layers = Array.from({ length: 5 }, (_, at) =>
    archive(
      ...(at % 2 === 0 ? [entry({ name: "d/", type: "5", mode: 0o700 + at })] : []),
      entry({ name: `d/${at}` }, `${at}\n`),
    ),
  );
  for (let round = 0; round < 4; round++) {
    const layouts = Array.from({ length: 4 }, (_, image) => {
      const layout = join(dock.scratch, `layout-${round}-${image}`);
      const own = Array.from({ length: 1 + below(3) }, () => layers[below(layers.length)] as Buffer);
      makeSmallLayout(layout, { layers: own, config: (config) => ({ ...config, author: `${below(2)}` }) });
      return layout;
    });
    const graphs = [];
    for (const order of [layouts, layouts.toSorted(() => random.next() - 0.5)]) {
      const root = join(dock.scratch, `root-${round}-${graphs.length}`);
      for (const layout of order) {
        const { images } = await importInto(root, layout);
        const { digest } = imageOf(layout, "web:1").manifest.config;
        expect(images.map(({ id }) => `sha256:${id}`)).toEqual([digest]);
      }
      graphs.push(await imagesOf(root));
    }
    expect(graphs[0]).toEqual(graphs[1]);
  }
});

it("a base and three images on it hold the bytes of the base once", async () => {
  const root = join(dock.scratch, "root-of-bases");
  const base = archive(entry({ name: "large" }, Buffer.alloc(512 * 1024, "base")));
  const make = (name: string, ...more: Buffer[]) => {
    const layout = join(dock.scratch, `based-${name}`);
    makeSmallLayout(layout, {
      layers: [base, ...more],
      config: (config) => ({ ...config, author: name }),
    });
    return layout;
  };
  await importInto(root, make("base"));
  const used = () => Number(shell(`du -s --block-size=1 ${root}/graph`).split("\t")[0]);
  const before = used();
  expect(before).toBeGreaterThan(512 * 1024);
  for (const name of ["a", "b", "c"]) {
    await importInto(root, make(name, archive(entry({ name }, name))));
  }
  expect(used() - before).toBeLessThan(256 * 1024);
  const large = shell(`find ${root}/graph -name large`).trim().split("\n");
  expect(large.map((path) => statSync(path).size)).toEqual([512 * 1024]);
});

describe("an image of one's own", () => {
  it("cannot have the id of a layer with another record", () =>
    dock.serving(async ({ producer, root }) => {
      const path = join(dock.scratch, "planted.tar");
      shell(`cd ${dock.scratch} && printf x > planted && tar -cf ${path} planted`);
      const diffId = shell(`sha256sum < ${path}`).slice(0, 64);
      const id = shell(`printf '\\nsha256:${diffId}\\n' | sha256sum`).slice(0, 64);
      for (const name of [undefined, "planted:1"]) {
        await expect(
          runJob(producer, "store", { image: { id, comment: "mine" }, layer: { path }, name }),
        ).rejects.toMatchObject({ code: "INVALID_ID", message: expect.stringContaining(id) });
      }
      const graph = await openGraph(root);
      expect([await graph.imageCount(), [...(await graph.names.all())]]).toEqual([0, []]);
      const json = JSON.stringify({ id, created: "1970-01-01T00:00:00Z" });
      await runJob(producer, "store", { json, layer: { path } });
    }));

  it("is not taken for an imported one because it has its id", async () => {
    const layout = join(dock.scratch, "layout-forged");
    makeSmallLayout(layout, { layers: [] });
    const root = join(dock.scratch, "root-forged");
    const { images } = await importInto(root, layout);
    const id = images[0]?.id ?? "";
    const record = readFileSync(join(root, "graph", id, "json"));
    const forged = join(dock.scratch, "forged.tar");
    shell(`mkdir ${dock.scratch}/${id}`);
    const evil = archive(entry({ name: "evil" }, "evil"));
    copyFileSync(join(root, "graph", id, "json"), `${dock.scratch}/${id}/json`);
    await rm(root, { recursive: true });
    writeFileSync(`${dock.scratch}/${id}/layer.tar`, evil);
    shell(`cd ${dock.scratch} && tar -cf forged.tar ${id}`);
    await importInto(root, forged);
    expect(readFileSync(join(root, "graph", id, "json"))).toEqual(record);
    await expect(importInto(root, layout)).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
  });
});
