// What came in goes out the same, or not at all: an export never writes another archive than the one that came in.
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { exportInto, untar } from "../support/images/exporting.js";
import { importInto } from "../support/images/imports.js";
import { imageOf } from "../support/images/oci-layout.js";
import { digestOf, makeSmallLayout } from "../support/images/small-layout.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { archive, entry } from "../support/trees/crafted-tar.js";

const scratch = useScratchDirectory();

/** As no canonical tar is: names as they are spelled, a file that comes twice, bytes behind the end. */
const layer = Buffer.concat([
  archive(
    entry({ name: "./d/", type: "5", mode: 0o750 }),
    entry({ name: "/d/file" }, "first\n"),
    entry({ name: "d//file" }, "second\n"),
    entry({ name: "d/link", type: "1", linkName: "/d/file" }),
  ),
  Buffer.alloc(700, "behind"),
]);

interface Imported {
  readonly root: string;
  readonly layout: string;
  /** The directories of the image's config and of its layer. */
  readonly image: string;
  readonly layerImage: string;
}

async function imported(): Promise<Imported> {
  const layout = join(await scratch.fresh(), "layout");
  makeSmallLayout(layout, {
    layers: [layer],
    config: (config) => ({ ...config, history: [{ created_by: "ADD d" }], Other: { kept: 1.5 } }),
  });
  const root = await scratch.fresh();
  const { images } = await importInto(root, layout);
  const id = images[0]?.id ?? "";
  const graph = await openGraph(root);
  const { parent } = await graph.get(id);
  await graph.close();
  const at = (of: string) => join(root, "graph", of);
  return { root, layout, image: at(id), layerImage: at(parent ?? "") };
}

async function exported(root: string, isCanonical = false) {
  const graph = await openGraph(root);
  const stage = await scratch.fresh();
  try {
    return await exportInto(stage, graph, ["web:1"], { format: "oci", compression: "none", isCanonical });
  } finally {
    await graph.close();
  }
}

/** Changes the lines of a layer's tar-split. */
function editSplit({ layerImage }: Imported, edit: (lines: string[]) => string[]): void {
  const path = join(layerImage, "tar-split.gz");
  const lines = gunzipSync(readFileSync(path)).toString().trimEnd().split("\n");
  writeFileSync(path, gzipSync(`${edit(lines).join("\n")}\n`));
}

/** Replaces in the lines of files. */
function editFile(made: Imported, change: (line: Record<string, unknown>) => object): void {
  editSplit(made, (lines) =>
    lines.map((line) => {
      const parsed = JSON.parse(line);
      return parsed.type === 1 ? JSON.stringify({ ...parsed, ...change(parsed) }) : line;
    }),
  );
}

it("an image goes out with its config, its diffIDs and its layers, byte for byte", async () => {
  const { root, layout } = await imported();
  const directory = await untar((await exported(root)).path, await scratch.fresh());
  const [before, after] = [imageOf(layout, "web:1"), imageOf(directory, "web:1")];
  expect(after.manifest.config.digest).toBe(before.manifest.config.digest);
  expect(after.config).toEqual(before.config);
  const { digest } = after.manifest.layers[0] ?? { digest: "" };
  expect(readFileSync(join(directory, "blobs", digest.replace(":", "/")))).toEqual(layer);
  expect(readdirSync(directory).sort()).toEqual(["blobs", "index.json", "manifest.json", "oci-layout"]);
});

it("a canonical export has the canonical tar, and another image ID", async () => {
  const { root, layout, image } = await imported();
  const directory = await untar((await exported(root, true)).path, await scratch.fresh());
  const [before, after] = [imageOf(layout, "web:1").config, imageOf(directory, "web:1").config];
  const [diffId = ""] = after.rootfs.diff_ids;
  expect(diffId).not.toBe(digestOf(layer));
  expect(after).toEqual({ ...before, rootfs: { type: "layers", diff_ids: [diffId] } });
  expect(Object.keys(after)).not.toContain("org.stevedore.records");
  const { images } = await importInto(await scratch.fresh(), directory);
  expect(images[0]?.id).not.toBe(image.slice(-64));
});

it("a layer that an import of 0.1 left is lossless once its image is imported again", async () => {
  const made = await imported();
  const { root, layout, image, layerImage } = made;
  rmSync(image, { recursive: true });
  rmSync(join(layerImage, "tar-split.gz"));
  const facts = join(layerImage, "layer.json");
  const { lossless, ...known } = JSON.parse(readFileSync(facts, "utf8"));
  expect(lossless).toBe(true);
  writeFileSync(facts, JSON.stringify(known));
  const record = JSON.stringify({ id: layerImage.slice(-64), container_config: { Cmd: ["ADD d"] } });
  writeFileSync(join(layerImage, "json"), record);

  const again = await importInto(root, layout);
  expect(again).toMatchObject({ layersAdded: 0, layersPresent: 1 });
  expect(readFileSync(join(layerImage, "json"), "utf8")).toBe(record);
  expect(JSON.parse(readFileSync(facts, "utf8"))).toEqual({ ...known, lossless: true });
  const directory = await untar((await exported(root)).path, await scratch.fresh());
  expect(imageOf(directory, "web:1").config).toEqual(imageOf(layout, "web:1").config);
  expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
});

describe("an export is refused", () => {
  it.each<[what: string, code: string, spoil: (made: Imported) => unknown]>([
    [
      "a file has other bytes",
      "CHECKSUM_MISMATCH",
      ({ layerImage }) => writeFileSync(join(layerImage, "layer/d/file"), "third!\n"),
    ],
    [
      "a file has become longer",
      "CHECKSUM_MISMATCH",
      ({ layerImage }) => appendFileSync(join(layerImage, "layer/d/file"), "more"),
    ],
    ["a file is gone", "CHECKSUM_MISMATCH", ({ layerImage }) => rmSync(join(layerImage, "layer/d/file"))],
    [
      "the tar-split has other bytes of a header",
      "CHECKSUM_MISMATCH",
      (made) =>
        editSplit(made, ([first = "", ...others]) => {
          const { payload, ...line } = JSON.parse(first);
          const bytes = Buffer.from(payload, "base64");
          bytes[0] = (bytes[0] as number) ^ 1;
          return [JSON.stringify({ ...line, payload: bytes.toString("base64") }), ...others];
        }),
    ],
    [
      "the tar-split lacks its last lines",
      "CHECKSUM_MISMATCH",
      (made) => editSplit(made, ([one = ""]) => [one]),
    ],
    [
      "the tar-split names another file",
      "CHECKSUM_MISMATCH",
      (made) => editFile(made, () => ({ name: "d/other" })),
    ],
    [
      "the tar-split leads out of the layer",
      "IMAGE_BROKEN",
      (made) => editFile(made, ({ name }) => ({ name: `../layer/${name}` })),
    ],
    [
      "the tar-split tells of a size without end",
      "CHECKSUM_MISMATCH",
      (made) => editFile(made, () => ({ size: Number.MAX_SAFE_INTEGER })),
    ],
    ["the tar-split is not JSON", "IMAGE_BROKEN", (made) => editSplit(made, () => ["}"])],
    [
      "the tar-split is not compressed",
      "IMAGE_BROKEN",
      ({ layerImage }) => writeFileSync(join(layerImage, "tar-split.gz"), "{}\n"),
    ],
    ["the tar-split is gone", "INVALID_JOB", ({ layerImage }) => rmSync(join(layerImage, "tar-split.gz"))],
    [
      "the config is that of another image",
      "IMAGE_BROKEN",
      ({ image }) => appendFileSync(join(image, "config.json"), " "),
    ],
    [
      "the manifest is that of another image",
      "IMAGE_BROKEN",
      ({ image }) =>
        writeFileSync(
          join(image, "manifest.json"),
          JSON.stringify({ schemaVersion: 2, config: { digest: digestOf("x") }, layers: [] }),
        ),
    ],
  ])("where %s", async (_, code, spoil) => {
    const made = await imported();
    spoil(made);
    await expect(exported(made.root)).rejects.toMatchObject({ code });
  });

  it("where a layer could not be kept whole, but for its canonical tar", async () => {
    const made = await imported();
    rmSync(join(made.layerImage, "tar-split.gz"));
    await expect(exported(made.root)).rejects.toMatchObject({
      code: "INVALID_JOB",
      message: expect.stringContaining("--canonical"),
    });
    expect(existsSync((await exported(made.root, true)).path)).toBe(true);
  });
});
