// What a bad docker-archive gets, of either kind, and what is no archive of images at all.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { StevedoreError } from "../../src/terms/error.js";
import { expectNoTrace, importInto, importLimits } from "../support/images/imports.js";
import { digestOf, smallLayers } from "../support/images/small-layout.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { archive, entry } from "../support/trees/crafted-tar.js";

const scratch = useScratchDirectory();
let root: string;
beforeAll(async () => {
  root = await scratch.fresh();
});

const [base, top] = smallLayers as [Buffer, Buffer];
const file = (name: string, content: Buffer | string | object) =>
  entry(
    { name },
    Buffer.isBuffer(content) || typeof content === "string" ? content : JSON.stringify(content),
  );
const link = (name: string, linkName: string, type = "2") => entry({ name, type, linkName });

const config = {
  architecture: "amd64",
  os: "linux",
  rootfs: { type: "layers", diff_ids: [digestOf(base), digestOf(top)] },
};
const configName = `${digestOf(JSON.stringify(config)).slice(7)}.json`;
const image = { Config: configName, RepoTags: ["web:1"], Layers: ["a/layer.tar", "b/layer.tar"] };

/** An archive that ends behind its last file. */
function withoutEnd(whole: Buffer): Buffer {
  return whole.subarray(0, whole.length - 1_024);
}

/** A docker-archive of which some files are others; undefined leaves one out. */
function docker(others: Readonly<Record<string, Buffer | undefined>> = {}): Buffer {
  const files = {
    [configName]: file(configName, config),
    "a/layer.tar": file("a/layer.tar", base),
    "b/layer.tar": file("b/layer.tar", top),
    "manifest.json": file("manifest.json", [image]),
    ...others,
  };
  return archive(...Object.values(files).filter((part) => part !== undefined));
}

const manifest = (...images: object[]) => ({ "manifest.json": file("manifest.json", images) });
const layers = (...Layers: string[]) => docker(manifest({ ...image, Layers }));

/** An archive of Docker 1.9 and before: each image by its record, or the text of that. */
function legacy(records: Readonly<Record<string, object | string>>, ...others: Buffer[]): Buffer {
  const parts = Object.entries(records).flatMap(([id, record]) => [
    file(`${id}/json`, typeof record === "string" ? record : { id, container_config: {}, ...record }),
    file(`${id}/layer.tar`, base),
  ]);
  return archive(...parts, ...others);
}

const chain = (length: number) =>
  Object.fromEntries(
    Array.from({ length }, (_, at) => [`i${at}`, at === 0 ? {} : { parent: `i${at - 1}` }] as const),
  );

const bad: Readonly<Record<string, readonly [Buffer, code: string, tells: string]>> = {
  "a layer that lies outside": [
    layers("a/layer.tar", "../../etc/shadow"),
    "UNSAFE_ENTRY",
    "../../etc/shadow",
  ],
  "a layer with an absolute path": [layers("a/layer.tar", "/etc/shadow"), "UNSAFE_ENTRY", "/etc/shadow"],
  "a config that lies outside": [
    docker(manifest({ ...image, Config: "/etc/passwd" })),
    "UNSAFE_ENTRY",
    "/etc/passwd",
  ],
  "a path that holds a NUL": [layers("a/layer.tar", "b/layer.tar\0"), "UNSAFE_ENTRY", "NUL"],
  "a layer that is a symlink to /etc/shadow": [
    docker({ "b/layer.tar": link("b/layer.tar", "/etc/shadow") }),
    "UNSAFE_ENTRY",
    "b/layer.tar",
  ],
  "a layer that is a symlink out of the archive": [
    docker({ "b/layer.tar": link("b/layer.tar", "../../x") }),
    "UNSAFE_ENTRY",
    "b/layer.tar",
  ],
  "layers that link to one another": [
    docker({
      "a/layer.tar": link("a/layer.tar", "../b/layer.tar"),
      "b/layer.tar": link("b/layer.tar", "../a/layer.tar"),
    }),
    "BAD_ARCHIVE",
    "links",
  ],
  "a hard link to what comes later": [
    docker({ "a/layer.tar": link("a/layer.tar", "b/layer.tar", "1") }),
    "BAD_ARCHIVE",
    "hard link",
  ],
  "a layer that is missing": [
    docker({ "b/layer.tar": undefined }),
    "BAD_ARCHIVE",
    '"b/layer.tar" is missing',
  ],
  "a layer that is a directory": [
    docker({ "b/layer.tar": entry({ name: "b/layer.tar/", type: "5" }) }),
    "BAD_ARCHIVE",
    "b/layer.tar",
  ],
  "a config that is missing": [docker({ [configName]: undefined }), "BAD_ARCHIVE", configName],
  "a config that is not the one its name says": [
    docker({ [configName]: file(configName, { ...config, os: "plan9" }) }),
    "SOURCE_MISMATCH",
    configName,
  ],
  "a layer with another diffID": [
    docker({ "b/layer.tar": file("b/layer.tar", base) }),
    "SOURCE_MISMATCH",
    "b/layer.tar, decompressed,",
  ],
  "a layer of another diffID, compressed": [
    docker({ "a/layer.tar": file("a/layer.tar", gzipSync(top)) }),
    "SOURCE_MISMATCH",
    "a/layer.tar",
  ],
  "fewer layers than diffIDs": [layers("a/layer.tar"), "BAD_ARCHIVE", "lists 2 layers, but the image has 1"],
  "no layers, but diffIDs": [
    docker(manifest({ ...image, Layers: null })),
    "BAD_ARCHIVE",
    "lists 2 layers, but the image has 0",
  ],
  "no images": [docker(manifest()), "BAD_ARCHIVE", "no images"],
  "a list that is none": [
    docker({ "manifest.json": file("manifest.json", { Config: "x" }) }),
    "BAD_ARCHIVE",
    "manifest.json",
  ],
  "a list that is not JSON": [
    docker({ "manifest.json": file("manifest.json", "[{") }),
    "BAD_ARCHIVE",
    "manifest.json",
  ],
  "a name that is none": [docker(manifest({ ...image, RepoTags: ["a/../b:1"] })), "INVALID_NAME", "a/../b:1"],
  "a name with upper case": [docker(manifest({ ...image, RepoTags: ["Web:1"] })), "INVALID_NAME", "Web:1"],
  "one name for two images": [
    docker({
      other: file("other", { ...config, author: "another" }),
      ...manifest(image, { ...image, Config: "other" }),
    }),
    "BAD_ARCHIVE",
    "web:1 stands for two images",
  ],

  "legacy: images that are each other's parents": [
    legacy({ a: { parent: "c" }, b: { parent: "a" }, c: { parent: "b" }, head: { parent: "b" } }),
    "PARENT_CYCLE",
    "a <- c <- b <- a",
  ],
  "legacy: an image that is its own parent": [legacy({ a: { parent: "a" } }), "PARENT_CYCLE", "a <- a"],
  "legacy: a parent that is nowhere": [legacy({ b: { parent: "lost" } }), "PARENT_NOT_FOUND", "lost"],
  "legacy: 501 layers": [legacy(chain(501)), "LIMIT_EXCEEDED", "501 layers"],
  "legacy: a record that is too long": [
    legacy({ a: { comment: "x".repeat(importLimits.maxRecordBytes) } }),
    "LIMIT_EXCEEDED",
    "--max-record-bytes",
  ],
  "legacy: a record of another image": [legacy({ a: { id: "b" } }), "BAD_ARCHIVE", "a/json"],
  "legacy: a record that is not JSON": [legacy({ a: "{" }), "BAD_ARCHIVE", "a/json"],
  "legacy: a record with a bad parent": [legacy({ a: { parent: "../b" } }), "BAD_ARCHIVE", "../b"],
  "legacy: a layer that is missing": [
    archive(file("a/json", { id: "a", container_config: {} })),
    "BAD_ARCHIVE",
    "a/layer.tar",
  ],
  "legacy: a layer that is a symlink out": [
    archive(file("a/json", { id: "a", container_config: {} }), link("a/layer.tar", "/etc/shadow")),
    "UNSAFE_ENTRY",
    "a/layer.tar",
  ],
  "legacy: a name of no image": [
    legacy({ a: {} }, file("repositories", { web: { latest: "b" } })),
    "BAD_ARCHIVE",
    "web:latest is the name of b",
  ],
  "legacy: a name that is none": [
    legacy({ a: {} }, file("repositories", { "We/b": { latest: "a" } })),
    "INVALID_NAME",
    "We/b:latest",
  ],

  "an archive of something else": [archive(file("etc/passwd", "root")), "BAD_ARCHIVE", "no images"],
  "an archive without entries": [archive(), "BAD_ARCHIVE", "no images"],
  "an archive that is cut short in a layer": [docker().subarray(0, 2_000), "BAD_ARCHIVE", "cut short"],
  "an archive without its end, and without the digest of its config": [
    withoutEnd(
      docker({
        "manifest.json": file("manifest.json", [{ ...image, Config: "config.json" }]),
        "config.json": file("config.json", config),
      }),
    ),
    "BAD_ARCHIVE",
    "end-of-archive",
  ],
  "an archive without its end, of which a layer is gone": [
    withoutEnd(docker({ "b/layer.tar": undefined })),
    "BAD_ARCHIVE",
    "b/layer.tar",
  ],
  "an archive without its end, and with a layer that is another": [
    withoutEnd(docker({ "b/layer.tar": file("b/layer.tar", base) })),
    "SOURCE_MISMATCH",
    "b/layer.tar",
  ],
  "legacy: an archive without its end": [withoutEnd(legacy({ a: {} })), "BAD_ARCHIVE", "end-of-archive"],
  "an archive that is cut between two files": [
    archive(file("a/layer.tar", base)).subarray(0, -1_024),
    "BAD_ARCHIVE",
    "cut short",
  ],
  "an archive with a file that claims to be larger than all of it": [
    archive(entry({ name: "manifest.json", size: 1e9 })),
    "BAD_ARCHIVE",
    "manifest.json",
  ],
  "an archive that leads out of itself": [docker({ x: file("../x", "x") }), "UNSAFE_ENTRY", "../x"],
  "an archive with a damaged header": [
    Buffer.concat([docker().subarray(0, 100), Buffer.from("x"), docker().subarray(101)]),
    "BAD_ARCHIVE",
    "",
  ],
  "a compressed archive that is cut short": [gzipSync(docker()).subarray(0, 300), "BAD_ARCHIVE", "gzip"],
  "a compressed archive of too many bytes": [
    gzipSync(Buffer.concat([docker(), Buffer.alloc(importLimits.maxImportBytes)])),
    "LIMIT_EXCEEDED",
    "--max-import-bytes",
  ],
  "a record without an id": [
    legacy({ a: '{"container_config":{}}' }),
    "BAD_ARCHIVE",
    "a missing id is not a valid",
  ],
  "an empty file": [Buffer.alloc(0), "BAD_ARCHIVE", "0 bytes"],
  "no archive": [Buffer.from("no archive".repeat(500)), "BAD_ARCHIVE", "not a tar archive"],
};

it.each(Object.entries(bad))("%s: refused, and nothing is left", async (_, [bytes, code, tells]) => {
  const path = join(await scratch.fresh(), "archive");
  writeFileSync(path, bytes);
  await expect(importInto(root, path)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(tells),
  });
  expectNoTrace(root);
});

const long = `${"x".repeat(70_000)}\n`;
it.each([
  ["the id that a name stands for", legacy({ a: {} }, file("repositories", { web: { "1": long } }))],
  ["a name", legacy({ a: {} }, file("repositories", { [long]: { "1": "b" } }))],
  ["a field", legacy({ a: {} }, file("repositories", { web: { [long]: 1 } }))],
])("%s of 70,000 characters makes a short message, of one line", async (_, bytes) => {
  const path = join(await scratch.fresh(), "archive");
  writeFileSync(path, bytes);
  const error = await importInto(root, path).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "BAD_ARCHIVE", message: expect.stringMatching(/^[ -~]{1,1000}$/) });
});

it("bytes of any kind, and archives with any bytes changed, are an error of ours or an import", async () => {
  const path = join(await scratch.fresh(), "archive");
  const good = docker();
  const changed = fc
    .array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    })
    .map((changes) => {
      const bytes = Buffer.from(good);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  const any = fc.oneof(
    fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
    fc.nat({ max: good.length }).map((length) => good.subarray(0, length)),
    changed,
    // Under a right checksum: what a header says is hostile, not damaged.
    fc
      .record({
        name: fc.string({ maxLength: 40 }),
        type: fc.constantFrom(..."01234567xgLKVSD\0"),
        size: fc.nat(3_000),
        linkName: fc.string({ maxLength: 20 }),
      })
      .map((header) => archive(entry(header, "x".repeat(700)))),
  );
  await fc.assert(
    fc.asyncProperty(any, async (bytes) => {
      writeFileSync(path, bytes);
      await importInto(root, path).then(
        ({ images }) => expect(images).toHaveLength(1),
        (error: unknown) => expect(error).toBeInstanceOf(StevedoreError),
      );
    }),
    { numRuns: 300 },
  );
});

it("the archives they are made of are right", async () => {
  const path = join(await scratch.fresh(), "archive");
  for (const [bytes, format, count] of [
    [docker(), "docker", 2],
    [
      legacy({ a: {}, b: { parent: "a" } }, file("repositories", { web: { latest: "b" } })),
      "docker-legacy",
      2,
    ],
    [legacy(chain(5)), "docker-legacy", 5],
  ] as const) {
    writeFileSync(path, bytes);
    const imported = await importInto(await scratch.fresh(), path);
    expect(imported).toMatchObject({ format, layersAdded: count });
  }
});
