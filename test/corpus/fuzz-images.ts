// Mutates archives of images, as `docker save` writes them, and OCI layouts: their manifests, configs, indexes and names, each
// linked as an honest writer would link it, and their bytes. Each is imported, and must come in whole or be refused by a code of
// its kind that says what is wrong, with nothing left of it.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { auditGraph } from "../../src/audit/index.js";
import { openGraph } from "../../src/graph/index.js";
import { importImages } from "../../src/interchange/index.js";
import { StevedoreError } from "../../src/terms/error.js";
import { mediaTypes, refName } from "../support/images/oci-layout.js";
import { digestOf, smallLayers } from "../support/images/small-layout.js";
import { mutateBytes, mutateDocument, writeDocument } from "../support/registry/answer-mutators.js";
import { type SeededRandom, seededRandom } from "../support/seeded-random.js";
import { archive, entry } from "../support/trees/crafted-tar.js";
import { withDeadline } from "./deadline.js";

export interface ImageFuzzOptions {
  readonly seed: number;
  readonly mutations: number;
  /** The number of the first. */
  readonly first?: number;
  /** Begin no further mutation after so many milliseconds. */
  readonly mostMs?: number;
  readonly signal?: AbortSignal;
  /** Where the archives of failures are written. */
  readonly failures: string;
  /** Called now and then. */
  readonly onProgress?: (sums: ImageSums) => void;
}

export interface ImageSums {
  mutations: number;
  accepted: number;
  readonly refused: Record<string, number>;
  /** What went wrong, each with the number of its mutation. */
  readonly failures: string[];
}

const limits = {
  maxBytes: 1024 ** 2,
  maxEntries: 500,
  maxImportBytes: 4 * 1024 ** 2,
  maxRecordBytes: 100_000,
};
const codes = new Set([
  ...["BAD_ARCHIVE", "SOURCE_MISMATCH", "SOURCE_NOT_FOUND", "LIMIT_EXCEEDED", "UNSAFE_ENTRY", "INVALID_NAME"],
  ...["PARENT_CYCLE", "PARENT_NOT_FOUND", "IMAGE_EXISTS"],
]);
/** Milliseconds. */
const deadline = 60_000;
const lanes = 4;

/** Runs the mutations. Leaves nothing but the archives of failures. */
export async function fuzzImages(options: ImageFuzzOptions): Promise<ImageSums> {
  const { seed, mutations, first = 0, mostMs = Number.POSITIVE_INFINITY, signal } = options;
  const end = Date.now() + mostMs;
  const sums: ImageSums = { mutations: 0, accepted: 0, refused: {}, failures: [] };
  const directory = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "stevedore-fuzz-"));
  let next = first;
  const lane = async (own: string) => {
    while (next < first + mutations && Date.now() < end && !signal?.aborted) {
      const number = next++;
      const bytes = imageArchive(
        seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)),
      );
      const wrong = await judgeImport(own, bytes, sums);
      sums.mutations++;
      if (wrong !== undefined) {
        mkdirSync(options.failures, { recursive: true });
        const file = join(options.failures, `images-${seed}-${number}.tar`);
        writeFileSync(file, bytes);
        sums.failures.push(`mutation ${number}: ${wrong}\n  the archive: ${file}`);
      }
      if (sums.mutations % 100 === 0) options.onProgress?.(sums);
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, (_, at) => lane(join(directory, `${at}`))));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return sums;
}

interface Part {
  readonly name: string;
  readonly bytes: Buffer;
}

/** An archive of one image, or two, of which something is another. */
function imageArchive(random: SeededRandom): Buffer {
  const make = random.pick([ociParts, ociParts, dockerParts, dockerParts, legacyParts]);
  const worst = random.pick(["config", "manifest", "index", "record", "bytes", "parts"] as const);
  const spoil = (what: string, value: unknown) =>
    writeDocument(random.chance(what === worst ? 1 : 0.03) ? mutateDocument(random, value) : value);
  let parts = make(random, spoil);
  if (worst === "parts" || random.chance(0.05)) parts = mutateParts(random, parts);
  if (worst === "bytes") {
    const at = random.between(0, parts.length - 1);
    parts = parts.map((part, other) =>
      other === at ? { ...part, bytes: mutateBytes(random, part.bytes) } : part,
    );
  }
  const bytes = archive(...parts.map(({ name, bytes }) => entry({ name: name.slice(0, 100) }, bytes)));
  const whole = random.chance(0.05) ? mutateBytes(random, bytes) : bytes;
  return random.chance(0.1) ? gzipSync(whole, { level: 1 }) : whole;
}

type Spoil = (what: string, value: unknown) => Buffer;

function configOf(layers: readonly Buffer[]) {
  return {
    ...{ architecture: "amd64", os: "linux", created: "2024-01-01T00:00:00Z" },
    config: { Cmd: ["/bin/sh"], Env: ["A=b"], ExposedPorts: { "80/tcp": {} }, Labels: { a: "b" } },
    rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
    history: [{ created_by: "one" }, { created_by: "none", empty_layer: true }, { created_by: "two" }],
  };
}

function ociParts(random: SeededRandom, spoil: Spoil): Part[] {
  const blobs: Part[] = [];
  const add = (mediaType: string, bytes: Buffer) => {
    const digest = digestOf(bytes);
    blobs.push({ name: `blobs/sha256/${digest.slice(7)}`, bytes });
    return { mediaType, digest, size: bytes.length };
  };
  const config = add(mediaTypes.config, spoil("config", configOf(smallLayers)));
  const layers = smallLayers.map((layer, at) =>
    at === 0 ? add(`${mediaTypes.layer}+gzip`, gzipSync(layer)) : add(mediaTypes.layer, layer),
  );
  const content = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers };
  const manifest = add(mediaTypes.manifest, spoil("manifest", content));
  const platform = { os: "linux", architecture: "amd64" };
  let listed: object = { ...manifest, annotations: { [refName]: "web:1" } };
  if (random.chance(0.3)) {
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [{ ...manifest, platform }] };
    listed = { ...add(mediaTypes.index, spoil("index", index)), annotations: { [refName]: "web:1" } };
  }
  const top = spoil("index", { schemaVersion: 2, manifests: [listed] });
  return [
    { name: "oci-layout", bytes: spoil("record", { imageLayoutVersion: "1.0.0" }) },
    { name: "index.json", bytes: top },
    ...blobs,
  ];
}

function dockerParts(random: SeededRandom, spoil: Spoil): Part[] {
  const config = spoil("config", configOf(smallLayers));
  const name = random.chance(0.5)
    ? `${digestOf(config).slice(7)}.json`
    : `blobs/sha256/${digestOf(config).slice(7)}`;
  const layers = smallLayers.map((bytes, at) => ({ name: `${at}/layer.tar`, bytes }));
  const listed = { Config: name, RepoTags: ["web:1"], Layers: layers.map((layer) => layer.name) };
  const all = random.chance(0.2) ? [listed, { ...listed, RepoTags: ["other:2"] }] : [listed];
  const repositories = spoil("index", { web: { "1": "0".repeat(64) } });
  return [
    ...layers,
    { name, bytes: config },
    { name: "manifest.json", bytes: spoil("manifest", all) },
    ...(random.chance(0.3) ? [{ name: "repositories", bytes: repositories }] : []),
  ];
}

/** As Docker wrote them before 1.10. */
function legacyParts(_random: SeededRandom, spoil: Spoil): Part[] {
  const ids = ["a", "b"].map((letter) => letter.repeat(64));
  const parts = ids.flatMap((id, at) => {
    const record = {
      ...{ id, created: "2014-01-01T00:00:00Z", container_config: { Cmd: ["true"] } },
      ...(at === 0 ? {} : { parent: ids[0] }),
      ...{ docker_version: "0.6", architecture: "amd64", os: "linux" },
    };
    return [
      { name: `${id}/VERSION`, bytes: Buffer.from("1.0") },
      { name: `${id}/json`, bytes: spoil(at === 0 ? "config" : "record", record) },
      { name: `${id}/layer.tar`, bytes: smallLayers[at] as Buffer },
    ];
  });
  return [...parts, { name: "repositories", bytes: spoil("index", { web: { "1": ids[1] } }) }];
}

function mutateParts(random: SeededRandom, parts: readonly Part[]): Part[] {
  const at = random.between(0, parts.length - 1);
  const part = parts[at] as Part;
  const other = random.pick(parts);
  const name = random.pick([
    ...["../x", "/etc/passwd", "", ".", "manifest.json", "index.json", "repositories", "blobs/sha256/x"],
    ...[
      "blobs/sha512/00",
      `${"a/".repeat(45)}x`,
      part.name.toUpperCase(),
      `./${part.name}`,
      `${part.name}/x`,
    ],
  ]);
  return random.pick([
    () => parts.toSpliced(at, 1),
    () => [...parts, part],
    () => [...parts, { name: part.name, bytes: other.bytes }],
    () => parts.with(at, { name, bytes: part.bytes }),
    () => parts.with(at, { name: part.name, bytes: other.bytes }),
    () => parts.toReversed(),
    () => parts.toSpliced(at, 0, { name, bytes: Buffer.from("{}") }),
  ])();
}

/** Imports it into a root of its own. Returns what is wrong with how that ended. */
async function judgeImport(directory: string, bytes: Buffer, sums: ImageSums): Promise<string | undefined> {
  rmSync(directory, { recursive: true, force: true });
  const root = join(directory, "root");
  mkdirSync(root, { recursive: true });
  const path = join(directory, "archive");
  writeFileSync(path, bytes);
  const graph = await openGraph(root, { create: true });
  try {
    const failed = await withDeadline(deadline, async (signal) => {
      await using file = await open(path, "r");
      return await importImages(graph, file, { limits, platform: "linux/amd64" }, signal).then(
        () => undefined,
        (error: unknown) => (signal.aborted ? new Error("it has not ended") : error),
      );
    });
    const found: string[] = [];
    for await (const finding of auditGraph(graph)) found.push(JSON.stringify(finding));
    if (failed === undefined) sums.accepted++;
    else {
      const problem = wrongRefusal(failed);
      if (problem !== undefined) return problem;
      const { code } = failed as StevedoreError;
      sums.refused[code] = (sums.refused[code] ?? 0) + 1;
      if (existsSync(join(root, "graph"))) found.push(...leftIn(join(root, "graph"), ":tmp:"));
    }
    for (const name of ["graph/:tmp:", "leases"]) found.push(...leftIn(join(root, name)));
    return found.length === 0 ? undefined : `left: ${found.join("; ")}`;
  } finally {
    await graph.close();
  }
}

/** What is wrong with an error, if it is none that an archive may be refused by. */
function wrongRefusal(error: unknown): string | undefined {
  if (!(error instanceof StevedoreError)) return `${(error as Error).stack}`;
  const told = `${error.code}: ${error.message}`;
  if (!codes.has(error.code)) return told;
  const isUnclear = /(?<!received )undefined|\[object|(?<!received )NaN|is not a function|Cannot read/.test(
    error.message,
  );
  return isUnclear || error.message.length > 3_000 ? `unclear: ${told.slice(0, 3_500)}` : undefined;
}

function leftIn(directory: string, but?: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter((name) => name !== but);
}
