// What lies beside images in an OCI layout, and is not one: passed over, and told of.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runJob, useDock } from "../support/dock.js";
import { expectNoTrace, importInto } from "../support/images/imports.js";
import {
  addBlob,
  blobPath,
  type Descriptor,
  imageOf,
  mediaTypes,
  readIndex,
  writeIndex,
} from "../support/images/oci-layout.js";
import { digestOf, makeSmallLayout } from "../support/images/small-layout.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const dock = useDock();
const scratch = useScratchDirectory();

interface Layout {
  readonly path: string;
  readonly image: Descriptor;
}

async function layoutWith(...add: ((layout: Layout) => object)[]): Promise<Layout> {
  const path = join(await scratch.fresh(), "layout");
  const layout = { path, image: makeSmallLayout(path) };
  const added = add.map((make) => make(layout) as Descriptor);
  writeIndex(path, [...readIndex(path).manifests, ...added]);
  return layout;
}

const emptyType = "application/vnd.oci.empty.v1+json";
const inToto = "application/vnd.in-toto+json";
const signing = "application/vnd.dev.cosign.simplesigning.v1+json";

function addManifest(layout: string, manifest: object): Descriptor {
  return addBlob(layout, mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    ...manifest,
  });
}

/** Makes a manifest by its config's and its layers' types. */
const manifestOf =
  (configType: string, layerTypes: readonly string[], more: object = {}) =>
  ({ path }: Layout) =>
    addManifest(path, {
      config: addBlob(path, configType, {}),
      layers: layerTypes.map((type) => addBlob(path, type, Buffer.from(type))),
      ...more,
    });

/** A list of contents, as oras attaches it (image-spec 1.1, manifest.md). */
const bill =
  (more: object = {}) =>
  (layout: Layout) => ({
    ...manifestOf(emptyType, ["application/spdx+json"], {
      artifactType: "application/spdx+json",
      subject: layout.image,
    })(layout),
    ...more,
  });

/** A signature of cosign has the config of an image, with a diffID for what is not a layer. */
function signature({ path, image }: Layout): object {
  const payload = addBlob(path, signing, { critical: { image: { "docker-manifest-digest": image.digest } } });
  const config = addBlob(path, mediaTypes.config, {
    architecture: "",
    os: "",
    rootfs: { type: "layers", diff_ids: [payload.digest] },
  });
  const tag = `${image.digest.replace(":", "-")}.sig`;
  return {
    ...addManifest(path, { config, layers: [payload] }),
    annotations: { "org.opencontainers.image.ref.name": tag },
  };
}

it.each<[string, (layout: Layout) => object, artifactType: string]>([
  ["a list of contents that refers to the image", bill(), "application/spdx+json"],
  [
    "what says nothing of itself in the index, but in its manifest",
    manifestOf(emptyType, [emptyType], { artifactType: "application/vnd.example.signature" }),
    "application/vnd.example.signature",
  ],
  [
    "a chart of Helm",
    manifestOf("application/vnd.cncf.helm.config.v1+json", [
      "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
    ]),
    "application/vnd.cncf.helm.config.v1+json",
  ],
  [
    "a module of WebAssembly",
    manifestOf("application/vnd.wasm.config.v0+json", ["application/wasm"]),
    "application/vnd.wasm.config.v0+json",
  ],
  ["a signature of cosign", signature, signing],
  [
    "what refers to the image, and has the config of one but no layers",
    (layout) => manifestOf(mediaTypes.config, [], { subject: layout.image })(layout),
    mediaTypes.config,
  ],
  [
    "an attestation of BuildKit in the form of an artifact",
    manifestOf(mediaTypes.config, [inToto, inToto], {
      artifactType: "application/vnd.docker.attestation.manifest.v1+json",
    }),
    "application/vnd.docker.attestation.manifest.v1+json",
  ],
])("%s is passed over beside an image", async (_, make, artifactType) => {
  const { path, image } = await layoutWith(make);
  const artifact = readIndex(path).manifests.find(({ digest }) => digest !== image.digest);
  const { images, skipped } = await importInto(await scratch.fresh(), path, { name: "t/only:1" });
  expect(images.map(({ names }) => names)).toEqual([["t/only:1"]]);
  expect(skipped).toEqual([
    { digest: artifact?.digest, mediaType: mediaTypes.manifest, artifactType, reason: "artifact" },
  ]);
});

it("what BuildKit says of an image is an attestation, and what nobody knows is of an unknown type", async () => {
  const old = "application/vnd.oci.artifact.manifest.v1+json";
  const { path } = await layoutWith(
    (layout) => ({
      ...manifestOf(mediaTypes.config, [inToto])(layout),
      platform: { os: "unknown", architecture: "unknown" },
    }),
    ({ path: layout }) => addBlob(layout, old, { mediaType: old, blobs: [] }),
  );
  const { images, skipped } = await importInto(await scratch.fresh(), path);
  expect(images).toHaveLength(1);
  expect(skipped).toMatchObject([
    { mediaType: mediaTypes.manifest, reason: "attestation" },
    { mediaType: old, reason: "unknown-type" },
  ]);
});

it("an index of nothing but artifacts is passed over, each of them by itself", async () => {
  const { path } = await layoutWith((layout) => {
    const manifests = [
      { ...bill()(layout), artifactType: "application/spdx+json" },
      manifestOf(emptyType, [signing], { artifactType: signing })(layout),
    ];
    return addBlob(layout.path, mediaTypes.index, { schemaVersion: 2, manifests });
  });
  const { images, skipped } = await importInto(await scratch.fresh(), path);
  expect(images).toHaveLength(1);
  expect(skipped.map(({ artifactType }) => artifactType)).toEqual(["application/spdx+json", signing]);
});

it("artifacts among the platforms of an index are no platforms", async () => {
  const { path } = await layoutWith();
  const layout = { path, image: readIndex(path).manifests[0] as Descriptor };
  const forHost = { ...layout.image, platform: { os: "linux", architecture: "amd64" } };
  const manifests = [forHost, bill()(layout)];
  writeIndex(path, [addBlob(path, mediaTypes.index, { schemaVersion: 2, manifests })]);
  for (const platform of [undefined, "linux/amd64"]) {
    const { images, skipped } = await importInto(await scratch.fresh(), path, { platform, name: "t/x" });
    expect([images.length, skipped.length]).toEqual([1, 1]);
  }
});

it("a damaged artifact stops no import, if its descriptor tells what it is or its manifest can be read", async () => {
  const artifactType = "application/spdx+json";
  const { path, image } = await layoutWith(bill({ artifactType }), (layout) =>
    manifestOf(emptyType, ["application/x-gone"], { artifactType: "application/x-gone" })(layout),
  );
  const [, missing, without] = readIndex(path).manifests as [Descriptor, Descriptor, Descriptor];
  rmSync(blobPath(path, missing.digest));
  rmSync(blobPath(path, digestOf("application/x-gone")));
  const { images, skipped } = await importInto(await scratch.fresh(), path);
  expect(images).toHaveLength(1);
  expect(skipped.map(({ digest }) => digest)).toEqual([missing.digest, without.digest]);

  const { artifactType: _, ...unsaid } = missing as Descriptor & { artifactType: string };
  writeIndex(path, [image, unsaid]);
  const root = await scratch.fresh();
  await expect(importInto(root, path)).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
  expectNoTrace(root);
});

it("the type of an image's config says nothing of an artifact", async () => {
  const { path, image } = await layoutWith();
  writeIndex(path, [{ ...image, artifactType: mediaTypes.config } as Descriptor]);
  expect(await importInto(await scratch.fresh(), path)).toMatchObject({ images: [{}], skipped: [] });
  rmSync(blobPath(path, image.digest));
  await expect(importInto(await scratch.fresh(), path)).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
});

it("an image with a layer that cannot be read stops the import, also beside one that can", async () => {
  const squashed = "application/vnd.oci.image.layer.v1.squashfs";
  const { path } = await layoutWith((layout) => {
    const { config } = imageOf(layout.path, "web:1").manifest;
    return addManifest(layout.path, { config, layers: [addBlob(layout.path, squashed, Buffer.from("x"))] });
  });
  const root = await scratch.fresh();
  await expect(importInto(root, path)).rejects.toMatchObject({
    code: "BAD_ARCHIVE",
    message: expect.stringContaining("lists 2 layers, but the image has 1"),
  });
  expectNoTrace(root);
});

it("a layout of artifacts alone is refused, and says so", async () => {
  const { path } = await layoutWith(bill(), signature);
  writeIndex(path, readIndex(path).manifests.slice(1));
  for (const platform of [undefined, "linux/s390x"]) {
    const root = await scratch.fresh();
    await expect(importInto(root, path, { platform })).rejects.toMatchObject({
      code: "BAD_ARCHIVE",
      message: expect.stringMatching(/no images, .*2 artifacts.*application\/spdx\+json/),
    });
    expectNoTrace(root);
  }
});

it("many artifacts are passed over, and more than a layout may list are refused by the limit", async () => {
  const { path, image } = await layoutWith();
  const artifact = { ...bill()({ path, image }), artifactType: "application/spdx+json" };
  const many = (count: number) => Array.from({ length: count }, () => artifact as Descriptor);
  writeIndex(path, [image, ...many(1_000)]);
  expect((await importInto(await scratch.fresh(), path)).skipped).toHaveLength(1_000);
  writeIndex(path, [image, ...many(10_000)]);
  await expect(importInto(await scratch.fresh(), path)).rejects.toMatchObject({
    code: "LIMIT_EXCEEDED",
    message: expect.stringContaining("10000 manifests"),
  });
  writeIndex(path, [image, ...many(100_000)]);
  await expect(importInto(await scratch.fresh(), path)).rejects.toMatchObject({
    code: "LIMIT_EXCEEDED",
    message: expect.stringContaining("index.json"),
  });
});

it("a job's result lists a hundred, and counts the others", () =>
  dock.serving(async ({ producer }) => {
    const { path, image } = await layoutWith();
    const attestation = { ...image, platform: { os: "unknown", architecture: "unknown" } };
    writeIndex(path, [image, ...Array.from({ length: 130 }, () => attestation)]);
    const served = join(dock.scratch, "many");
    cpSync(path, served, { recursive: true });
    const result = await runJob(producer, "import", { source: { path: served } });
    expect([result.skipped?.length, result.skippedMore]).toEqual([100, 30]);
    expect(result.skipped?.[0]).toEqual({
      digest: image.digest,
      mediaType: mediaTypes.manifest,
      reason: "attestation",
    });
  }));

it("a type of many bytes is cut in what is told", async () => {
  const { path } = await layoutWith(({ path: layout }) => addBlob(layout, "x".repeat(100_000), {}));
  const { skipped } = await importInto(await scratch.fresh(), path);
  expect(skipped.map(({ mediaType }) => mediaType.length)).toEqual([255]);
});
