// Answers that are spoilt at random, thousands of them: each ends in an image that is right, or in a code that says why not,
// within the limits.
import { createHash, randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { auditGraph } from "../../../src/audit/index.js";
import { openGraph } from "../../../src/graph/index.js";
import { openRegistries } from "../../../src/interchange/registry/index.js";
import { StevedoreError } from "../../../src/terms/index.js";
import { smallLayers } from "../../support/images/small-layout.js";
import { runs } from "../../support/processes/runs.js";
import {
  type MutableAnswer,
  mutateAnswer,
  mutateBytes,
  mutateDocument,
  writeDocument,
} from "../../support/registry/answer-mutators.js";
import { type FakeRegistry, serving, withRepository } from "../../support/registry/fake-registry.js";
import { authConfig } from "../../support/registry/registry.js";
import { registryUser } from "../../support/registry/registry-user.js";
import { pullInto } from "../../support/registry/transfers.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { type SeededRandom, seededRandom } from "../../support/seeded-random.js";

const scratch = useScratchDirectory({ inMemory: true });
const first = Number(process.env.STEVEDORE_SEED ?? Date.now() % 1_000_000);
/** How many are under way at a time: those that wait for a second try cost nothing. */
const lanes = 8;
/** No limit of these allows that long, in ms. */
const patience = 30_000;
const limits = { downloadMs: 3_000, downloadSilenceMs: 2_500 };

const token = "token-of-the-mutations";
const types = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};
const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const describeAs = (mediaType: string, bytes: Buffer) => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});

/** The codes of docs/registry.md, and those of what a layer may hold. */
const codesOfPull = [
  ...["SOURCE_FORBIDDEN", "SOURCE_NOT_FOUND", "SOURCE_MISMATCH", "BAD_ARCHIVE", "LIMIT_EXCEEDED", "INTERNAL"],
  ...["UNSAFE_ENTRY"],
];
const codesOfPush = ["TARGET_FORBIDDEN", "LIMIT_EXCEEDED", "INTERNAL"];

/** A registry with one image, some of whose documents are mutated, and linked as an honest registry links them. */
function spoiltImage(random: SeededRandom): RequestListener {
  const spoil = (share: number, value: unknown) =>
    writeDocument(random.chance(share) ? mutateDocument(random, value) : value);
  const isHonest = random.chance(0.7);
  const which = random.pick(["config", "manifest", "index", "none"] as const);
  const [base, top] = smallLayers as [Buffer, Buffer];
  const layers = [gzipSync(base), top];
  const config = spoil(which === "config" ? 1 : 0.05, {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    created: "2024-01-01T00:00:00Z",
    config: { Cmd: ["/bin/sh"], Env: ["A=b"], ExposedPorts: { "80/tcp": {} }, Labels: { a: "b" } },
    rootfs: { type: "layers", diff_ids: smallLayers.map((layer) => digestOf(layer)) },
    history: [{ created_by: "one" }, { created_by: "none", empty_layer: true }, { created_by: "two" }],
  });
  const manifest = spoil(which === "manifest" ? 1 : 0.05, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: describeAs(types.config, config),
    layers: layers.map((layer, at) => describeAs(`${types.layer}${at === 0 ? "+gzip" : ""}`, layer)),
  });
  const isIndex = which === "index" || random.chance(0.3);
  const platform = { os: "linux", architecture: process.arch === "x64" ? "amd64" : process.arch };
  const index = spoil(which === "index" ? 1 : 0.05, {
    schemaVersion: 2,
    mediaType: types.index,
    manifests: [{ ...describeAs(types.manifest, manifest), platform }],
  });
  const documents = new Map([index, manifest, config, ...layers].map((bytes) => [digestOf(bytes), bytes]));
  const isGuarded = random.chance(0.4);
  const tokens = spoil(0.4, { token, expires_in: 300, issued_at: "2024-01-01T00:00:00Z" });
  const worst = random.pick(["tag", "manifest", "blob", "token", "challenge", "none", "none"] as const);

  return (request, response) => {
    const { url = "", headers } = request;
    const host = headers.host ?? "";
    const wanted = decodeURIComponent(url.split("/").at(-1) ?? "");
    let kind = url.includes("/blobs/") ? "blob" : wanted.startsWith("sha256:") ? "manifest" : "tag";
    const bytes = kind === "tag" ? (isIndex ? index : manifest) : documents.get(wanted);
    let answer: MutableAnswer = {
      status: bytes === undefined ? 404 : 200,
      headers: {
        "content-type":
          kind === "blob" ? "application/octet-stream" : bytes === index ? types.index : types.manifest,
        ...(bytes && isHonest && kind !== "blob" ? { "docker-content-digest": digestOf(bytes) } : {}),
      },
      body: bytes ?? Buffer.from('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'),
    };
    if (url.startsWith("/token")) {
      kind = "token";
      answer = { status: 200, headers: { "content-type": "application/json" }, body: tokens };
    } else if (isGuarded && headers.authorization === undefined) {
      kind = "challenge";
      const challenge = `Bearer realm="http://${host}/token",service="tests",scope="repository:tests/image:pull"`;
      answer = { status: 401, headers: { "www-authenticate": challenge }, body: Buffer.alloc(0) };
    }
    if (!isHonest && random.chance(0.2)) answer.body = mutateBytes(random, answer.body);
    send(kind === worst ? mutateAnswer(random, answer, host) : answer, response);
  };
}

/** A registry that takes uploads, some of whose answers are mutated. */
function spoiltTarget(random: SeededRandom): RequestListener {
  const worst = random.pick(["HEAD", "POST", "PATCH", "PUT", "GET", "any"] as const);
  const share = random.pick([0.3, 1]);
  return (request, response) => {
    const { method = "", url = "", headers } = request;
    const host = headers.host ?? "";
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
    });
    request.on("end", () => {
      const location = `http://${host}/v2/tests/image/blobs/uploads/1?state=x`;
      const status = { HEAD: 404, POST: 202, PATCH: 202, PUT: 201, GET: 204 }[method] ?? 202;
      const range = length > 0 ? `0-${length - 1}` : "0-0";
      const answer = { status, headers: { location, range }, body: Buffer.alloc(0) };
      const isSpoilt = (worst === method || worst === "any") && random.chance(share);
      send(isSpoilt ? mutateAnswer(random, answer, host) : answer, response, url);
    });
    request.on("error", () => undefined);
  };
}

function send({ status, headers, body }: MutableAnswer, response: Parameters<RequestListener>[1], _url = "") {
  try {
    response.writeHead(status, headers);
    response.end(body);
  } catch {
    // Node does not write such a header.
    response.destroy();
  }
}

/** What is wrong with how a case ended. */
async function judge(
  work: Promise<unknown>,
  codes: readonly string[],
  { host }: FakeRegistry,
): Promise<string | undefined> {
  const over = new AbortController();
  const late = sleep(patience, "late", { signal: over.signal }).catch(() => "over");
  try {
    return (await Promise.race([work, late])) === "late" ? "it has not ended" : undefined;
  } catch (error) {
    if (!(error instanceof StevedoreError)) return `${(error as Error).stack}`;
    const told = `${error.code}: ${error.message}`;
    if (!codes.includes(error.code)) return told;
    // Whatever is INTERNAL is of the server, and says so.
    const { cause } = error;
    const isOurs =
      !error.message.includes(`http://${host}/`) || cause instanceof TypeError || cause instanceof RangeError;
    if (error.code === "INTERNAL" && isOurs) return `${told}: ${(cause as Error | undefined)?.stack}`;
    const isUnclear = /(?<!received )undefined|\[object|(?<!received )NaN|is not a function|Cannot read/.test(
      error.message,
    );
    const isTelling = [token, registryUser.password].some((secret) => error.message.includes(secret));
    return isUnclear || isTelling || error.message.length > 3_000 ? told : undefined;
  } finally {
    over.abort();
  }
}

/** Tries so many cases, several at a time. */
async function tryAll(count: number, one: (seed: number) => Promise<string | undefined>): Promise<void> {
  const seeds = Array.from({ length: count }, (_, at) => first + at).values();
  const findings: string[] = [];
  const lane = async () => {
    for (const seed of seeds) {
      const found = await one(seed);
      if (found !== undefined) findings.push(`STEVEDORE_SEED=${seed}: ${found}`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  expect(findings.join("\n")).toBe("");
}

it("a pull of what is mutated ends right, or by a clear code", async () => {
  await tryAll(runs(150), async (seed) => {
    const random = seededRandom(seed);
    return serving(spoiltImage(random), async (registry) => {
      const directory = await scratch.fresh();
      const authFile = join(directory, "config.json");
      writeFileSync(authFile, authConfig(registry.host));
      const downloadResumes = random.chance(0.2) ? 1 : 0;
      const registries = openRegistries({
        ...registry.policy,
        limits: { ...limits, downloadResumes },
        authFile,
      });
      const graph = await openGraph(join(directory, "root"), { create: true });
      const work = async () => {
        const reference = `${registry.host}/tests/image:latest`;
        await pullInto(graph, registries, reference, { allPlatforms: random.chance(0.3) });
      };
      const found = await judge(work(), codesOfPull, registry);
      const left: string[] = [];
      for await (const finding of auditGraph(graph)) left.push(JSON.stringify(finding));
      await registries.close();
      await graph.close();
      rmSync(directory, { recursive: true });
      return found ?? left[0];
    });
  });
});

it("a push whose answers are mutated ends, or fails by a clear code", async () => {
  const blobs = [randomBytes(100), randomBytes(1_100_000)];
  await tryAll(runs(100), async (seed) => {
    const random = seededRandom(seed);
    return serving(spoiltTarget(random), async (registry) => {
      const policy = {
        ...registry.policy,
        limits: { ...limits, downloadResumes: random.chance(0.2) ? 1 : 0 },
      };
      const work = withRepository({ ...registry, policy }, "push", async (repository) => {
        for (const bytes of random.some(blobs, random.between(1, 2))) {
          const blob = { digest: digestOf(bytes), size: bytes.length };
          if ((await repository.hasBlob(blob.digest)) === blob.size) continue;
          if (await repository.mountBlob(blob.digest, "tests/other")) continue;
          await repository.uploadBlob(blob, async (start) => Readable.from([bytes.subarray(start)]));
        }
        await repository.putManifest("latest", types.manifest, Buffer.from("{}"));
      });
      return judge(work, codesOfPush, registry);
    });
  });
});
