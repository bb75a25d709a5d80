// Images that umoci made, once in a graph and out of it again: skopeo and umoci make the same trees of them, and an import
// of the export makes the same graph.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobData, JobResult } from "../../src/jobs/index.js";
import { openProducer, type Producer } from "../../src/producer/index.js";
import { type RunningWorker, startWorker } from "../../src/worker/index.js";
import { runJob, shell, useDock } from "../support/dock.js";
import { imageOf } from "../support/images/oci-layout.js";
import { skopeoCopy, umociUnpack } from "../support/images/peers.js";
import { makeRealImages, realLayers } from "../support/images/real-images.js";
import { listTree } from "../support/trees/tree-listing.js";

const dock = useDock();
let layout: string;
/** The graph that everything is exported from. */
let root: string;
let worker: RunningWorker;
let producer: Producer;
/** What umoci unpacks of the images as they came, by their names. */
const trees = new Map<string, string[]>();

const repository = "example.org:5000/real/images";
const tags = ["all", "sibling"] as const;
const names = tags.map((tag) => `${repository}:${tag}`);

beforeAll(async () => {
  layout = await makeRealImages(join(dock.scratch, "made"));
  for (const tag of tags) {
    const rootfs = await umociUnpack(`${layout}:${tag}`, join(dock.scratch, `bundle-${tag}`));
    trees.set(`${repository}:${tag}`, await listTree(rootfs));
  }
  root = mkdtempSync(join(dock.scratch, "root-"));
  const graph = "exporting";
  worker = await startWorker({ redis: dock.redis, graph, root, allowedSources: [dock.scratch] });
  producer = openProducer({ redis: dock.redis, graph });
  await runJob(producer, "import", { source: { path: layout }, name: repository });
  await runJob(producer, "checksum-graph", {});
});
afterAll(async () => {
  await producer?.close();
  await worker?.close(0);
});

type Form = readonly [
  format: JobData<"export">["format"],
  compress: NonNullable<JobData<"export">["compress"]>,
];

describe("an export of real images", () => {
  it.each<Form>([
    ["oci", "zstd"],
    ["docker", "none"],
    ["docker", "gzip"],
  ])(
    "in the form %s, compressed by %s, is copied by skopeo and then unpacked by umoci to the same trees",
    async (...form) => {
      const [format] = form;
      const { path } = await exported(producer, ...form);
      const transport = format === "oci" ? "oci-archive" : "docker-archive";
      const directory = place(form);
      mkdirSync(directory);
      for (const name of names) {
        // By way of plain layers: umoci reads no zstd, and skopeo does not compress anew what is compressed.
        const between = `dir:${directory}/${tagOf(name)}.dir`;
        await skopeoCopy(`${transport}:${path}:${name}`, between, "--dest-decompress");
        await skopeoCopy(between, `oci:${directory}/layout:${name}`);
        await expectTree(`${directory}/layout`, name, join(directory, tagOf(name)));
      }
    },
  );

  it.each<Form>([
    ["oci", "gzip"],
    ["oci", "none"],
  ])("in the form %s, compressed by %s, is a layout that umoci unpacks itself", async (...form) => {
    const { path } = await exported(producer, ...form);
    const directory = unpacked(path, form);
    for (const name of names) await expectTree(directory, name, `${directory}-${tagOf(name)}`);
    // That of the empty layers is one.
    const blobs = names.flatMap((name) =>
      imageOf(directory, name).manifest.layers.map(({ digest }) => digest),
    );
    expect(new Set(blobs).size).toBe(realLayers.together - 1);
  });

  it("keeps what the images are configured with, and how they came about", async () => {
    const { path } = await exported(producer, "oci", "none");
    const directory = unpacked(path, ["oci", "configured"]);
    for (const [at, name] of names.entries()) {
      const before = imageOf(layout, tags[at] ?? "").config;
      const after = imageOf(directory, name).config;
      expect(after).toMatchObject({
        ...{ architecture: before.architecture, os: before.os, config: before.config },
        author: "A. N. Other <other@example.org>",
      });
      expect(after).toEqual(before);
      expect(imageOf(directory, name).manifest.config.digest).toBe(
        imageOf(layout, tags[at] ?? "").manifest.config.digest,
      );
    }
  });

  it("in the form docker-legacy has what Docker 0.7 to 1.9 loads, and nothing else", async () => {
    // GNU tar, which unpacks the layers here, does not take archives without an end, as some of them came.
    const { path, images } = await exported(producer, "docker-legacy", "none", true);
    const directory = unpacked(path, ["docker-legacy", "loaded"]);
    const byTag = JSON.parse(readFileSync(join(directory, "repositories"), "utf8"));
    const ids = Object.fromEntries(images.map(({ id, names: [name = ""] }) => [tagOf(name), id]));
    expect(byTag).toEqual({ [repository]: ids });
    // As `docker load` did: of each directory the record, the layer, and the parent, which must be there.
    const found = readdirSync(directory).filter((name) => name !== "repositories");
    expect(found.sort()).toEqual(imagesIn(root));
    for (const id of found) {
      // Docker passes over what it does not know.
      const files = readdirSync(join(directory, id)).filter((name) => name !== "config.json");
      expect(files.sort()).toEqual(["VERSION", "json", "layer.tar"]);
      expect(readFileSync(join(directory, id, "VERSION"), "utf8")).toBe("1.0");
      shell(`cmp ${directory}/${id}/json ${root}/graph/${id}/json`);
      const { parent } = JSON.parse(readFileSync(join(directory, id, "json"), "utf8"));
      if (parent !== undefined) expect(found).toContain(parent);
      const tree = `${directory}/${id}/tree`;
      const options = "--numeric-owner -p --xattrs --xattrs-include='*'";
      shell(`mkdir ${tree} && tar -C ${tree} ${options} -xf ${directory}/${id}/layer.tar`);
      expect(await listTree(tree)).toEqual(await listTree(`${root}/graph/${id}/layer`));
    }
  });
});

describe("an import of such an export", () => {
  it.each<Form>([
    ["oci", "gzip"],
    ["docker", "none"],
    ["docker-legacy", "none"],
  ])(
    "in the form %s, compressed by %s, makes the same graph, of which an export is the same again",
    async (...form) => {
      const first = await exported(producer, ...form);
      const kept = `${place(form)}-kept.tar`;
      await rename(first.path, kept);
      const again = await exported(producer, ...form);
      expect(again.digest).toBe(first.digest);
      shell(`cmp ${again.path} ${kept}`);

      await dock.serving(async (other) => {
        const imported = await runJob(other.producer, "import", { source: { path: kept } });
        expect(imported).toMatchObject({ layersAdded: realLayers.together, layersPresent: 0 });
        expect(imagesIn(other.root)).toEqual(imagesIn(root));
        for (const id of imagesIn(root)) shell(`cmp ${root}/graph/${id}/json ${other.root}/graph/${id}/json`);
        shell(`cmp ${root}/repositories ${other.root}/repositories`);
        await runJob(other.producer, "checksum-graph", {});
        expect(checksumsIn(other.root)).toEqual(checksumsIn(root));
        expect((await exported(other.producer, ...form)).digest).toBe(first.digest);
      });
    },
  );
});

async function exported(
  from: Producer,
  format: Form[0],
  compress: Form[1],
  canonical?: boolean,
): Promise<JobResult<"export">> {
  return runJob(from, "export", { ids: names, format, compress, canonical });
}

function imagesIn(ofRoot: string): string[] {
  return readdirSync(join(ofRoot, "graph"))
    .filter((name) => name !== ":tmp:")
    .sort();
}

/** The checksum of every image by the default recipe, as the graph keeps it. */
function checksumsIn(ofRoot: string): Record<string, string> {
  const stored = (id: string) => JSON.parse(readFileSync(join(ofRoot, "graph", id, "checksum.json"), "utf8"));
  return Object.fromEntries(imagesIn(ofRoot).map((id) => [id, stored(id)["xz-6"].checksum]));
}

/** Where a test of this form puts what it makes. */
function place(form: readonly string[]): string {
  return join(dock.scratch, form.join("-"));
}

function unpacked(archive: string, form: readonly string[]): string {
  shell(`mkdir ${place(form)} && tar -C ${place(form)} --numeric-owner -xpf ${archive}`);
  return place(form);
}

function tagOf(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1);
}

async function expectTree(directory: string, name: string, bundle: string): Promise<void> {
  expect(await listTree(await umociUnpack(`${directory}:${name}`, bundle))).toEqual(trees.get(name));
}
