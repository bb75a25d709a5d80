// What an export writes, as skopeo and umoci read it: the same trees, whatever the format and the compression.
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobData, JobResult } from "../../src/jobs/index.js";
import type { Producer } from "../../src/producer/index.js";
import { type Dock, openDock, runJob, type ServedGraph, shell } from "../support/dock.js";
import { type ImageConfig, imageOf } from "../support/oci-layout.js";
import { skopeoCopy, umociUnpack } from "../support/peers.js";
import { makeRealImages } from "../support/real-images.js";
import { listTree } from "../support/tree-listing.js";

let dock: Dock;
let layout: string;
/** What umoci unpacks of the images as they came, by their names. */
const trees = new Map<string, string[]>();

beforeAll(async () => {
  dock = await openDock();
  const directory = join(dock.scratch, "made");
  mkdirSync(directory);
  ({ layout } = await makeRealImages(directory));
  for (const tag of ["all", "sibling"]) {
    const rootfs = await umociUnpack(`${layout}:${tag}`, join(dock.scratch, `bundle-${tag}`));
    trees.set(`${repository}:${tag}`, await listTree(rootfs));
  }
});
afterAll(() => dock[Symbol.asyncDispose]());

const repository = "example.org:5000/real/images";
const names = [`${repository}:all`, `${repository}:sibling`];

type Format = JobData<"export">["format"];
type Compression = NonNullable<JobData<"export">["compress"]>;

const forms: readonly (readonly [Format, Compression])[] = [
  ["oci", "gzip"],
  ["oci", "zstd"],
  ["oci", "xz"],
  ["oci", "none"],
  ["docker", "none"],
  ["docker", "gzip"],
];

describe("an export", () => {
  it.each(forms)(
    "in the form %s, compressed by %s, is read by skopeo and unpacked by umoci to the same trees",
    (...form) =>
      dock.serving(async (served) => {
        await runJob(served.producer, "import", { source: { path: layout }, name: repository });
        const { path } = await exported(served.producer, ...form);
        const [format] = form;
        const transport = format === "oci" ? "oci-archive" : "docker-archive";
        const directory = join(dock.scratch, form.join("-"));
        mkdirSync(directory);
        for (const name of names) {
          // Through the form that skopeo never compresses: umoci reads nothing but gzip and plain layers.
          const between = join(directory, `${name.split(":").at(-1)}.tar`);
          await skopeoCopy(`${transport}:${path}:${name}`, `docker-archive:${between}:${name}`);
          await skopeoCopy(`docker-archive:${between}`, `oci:${directory}/layout:${name}`);
          await expectTree(
            `${directory}/layout:${name}`,
            join(directory, `bundle-${name.split(":").at(-1)}`),
            name,
          );
        }
      }),
  );

  it.each(["gzip", "none"] as const)(
    "in the form oci, compressed by %s, is a layout that umoci unpacks itself",
    (by) =>
      dock.serving(async ({ producer }) => {
        await runJob(producer, "import", { source: { path: layout }, name: repository });
        const { path } = await exported(producer, "oci", by);
        const directory = join(dock.scratch, `plain-${by}`);
        shell(`mkdir ${directory} && tar -C ${directory} -xf ${path}`);
        for (const name of names) {
          await expectTree(
            `${directory}:${name}`,
            join(dock.scratch, `${by}-${name.split(":").at(-1)}`),
            name,
          );
        }
        const blobs = names.flatMap((name) =>
          imageOf(directory, name).manifest.layers.map(({ digest }) => digest),
        );
        expect(new Set(blobs).size).toBe(7);
      }),
  );

  it("of an image whose config peers read keeps what it was configured with", () =>
    dock.serving(async ({ producer }) => {
      await runJob(producer, "import", { source: { path: layout }, name: repository });
      const { path } = await exported(producer, "oci", "gzip");
      const directory = join(dock.scratch, "configured");
      shell(`mkdir ${directory} && tar -C ${directory} -xf ${path}`);
      const before = imageOf(layout, "all").config;
      const after: ImageConfig & Readonly<Record<string, unknown>> = imageOf(
        directory,
        names[0] ?? "",
      ).config;
      expect(after).toMatchObject({
        ...{ architecture: before.architecture, os: before.os, config: before.config },
        author: "A. N. Other <other@example.org>",
      });
      const steps = (before.history ?? []).filter(({ empty_layer }) => empty_layer !== true);
      expect(after.history?.map(({ created_by }) => created_by)).toEqual(
        steps.map(({ created_by }) => created_by),
      );
    }));

  it("in the form docker-legacy has what Docker 0.7 to 1.9 loads, and nothing else", () =>
    dock.serving(async ({ producer, root }) => {
      await runJob(producer, "import", { source: { path: layout }, name: repository });
      const { path, images } = await exported(producer, "docker-legacy", "none");
      const directory = join(dock.scratch, "loaded");
      shell(`mkdir ${directory} && tar -C ${directory} --numeric-owner -xpf ${path}`);
      const byTag = JSON.parse(readFileSync(join(directory, "repositories"), "utf8"));
      const ids = Object.fromEntries(
        images.map(({ id, names: [name = ""] }) => [name.split(":").at(-1), id]),
      );
      expect(byTag).toEqual({ [repository]: ids });
      // As `docker load` did: for each directory its json, its layer and its parents, which must be there.
      const found = readdirSync(directory).filter((name) => name !== "repositories");
      expect(found).toHaveLength(7);
      for (const id of found) {
        expect(readdirSync(join(directory, id)).sort()).toEqual(["VERSION", "json", "layer.tar"]);
        expect(readFileSync(join(directory, id, "VERSION"), "utf8")).toBe("1.0");
        shell(`cmp ${directory}/${id}/json ${root}/graph/${id}/json`);
        const { parent } = JSON.parse(readFileSync(join(directory, id, "json"), "utf8"));
        if (parent !== undefined) expect(found).toContain(parent);
        const options = "--numeric-owner -p --xattrs --xattrs-include='*'";
        shell(
          `mkdir ${directory}/${id}/tree && tar -C ${directory}/${id}/tree ${options} -xf ${directory}/${id}/layer.tar`,
        );
        expect(await listTree(`${directory}/${id}/tree`)).toEqual(
          await listTree(`${root}/graph/${id}/layer`),
        );
      }
    }));
});

const ways: readonly (readonly [Format, Compression])[] = [...forms, ["docker-legacy", "none"]];

describe("an import of an export", () => {
  it.each(ways)(
    "in the form %s, compressed by %s, makes the same graph, whose export is the same again",
    (...form) =>
      dock.serving(async (one) => {
        await runJob(one.producer, "import", { source: { path: layout }, name: repository });
        const first = await exported(one.producer, ...form);
        const kept = join(dock.scratch, `kept-${form.join("-")}.tar`);
        await rename(first.path, kept);
        const again = await exported(one.producer, ...form);
        expect(again.digest).toBe(first.digest);
        shell(`cmp ${again.path} ${kept}`);

        await dock.serving(async (other) => {
          const imported = await runJob(other.producer, "import", { source: { path: kept } });
          expect(imported).toMatchObject({ layersAdded: 7, layersPresent: 0 });
          for (const id of readdirSync(join(one.root, "graph")).filter((name) => name !== ":tmp:")) {
            shell(`cmp ${one.root}/graph/${id}/json ${other.root}/graph/${id}/json`);
          }
          shell(`cmp ${one.root}/repositories ${other.root}/repositories`);
          expect(await checksums(other)).toEqual(await checksums(one));
          expect((await exported(other.producer, ...form)).digest).toBe(first.digest);
        });
      }),
  );
});

async function exported(
  producer: Producer,
  format: Format,
  compress: Compression,
): Promise<JobResult<"export">> {
  return runJob(producer, "export", { ids: names, format, compress });
}

/** The checksum of every image by the default recipe. */
async function checksums({ producer, root }: ServedGraph): Promise<Record<string, string>> {
  const { total, failed } = await runJob(producer, "checksum-graph", {});
  expect([total, failed]).toEqual([7, []]);
  const ids = readdirSync(join(root, "graph")).filter((name) => name !== ":tmp:");
  return Object.fromEntries(
    ids.map((id) => [
      id,
      JSON.parse(readFileSync(join(root, "graph", id, "checksum.json"), "utf8"))["xz-6"].checksum,
    ]),
  );
}

async function expectTree(image: string, bundle: string, name: string): Promise<void> {
  expect(await listTree(await umociUnpack(image, bundle))).toEqual(trees.get(name));
}
