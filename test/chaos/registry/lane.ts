// One after another, random pulls and pushes through a network that fails, each judged: it ended right, or by a code that what
// was done to it explains; and where it failed, the next try over a whole network ends it.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeRecord, openGraph } from "../../../src/graph/index.js";
import { openRegistries, type RegistryPolicy } from "../../../src/interchange/registry/index.js";
import { parseAllowedHost } from "../../../src/outbound/index.js";
import { StevedoreError } from "../../../src/terms/index.js";
import {
  type FaultKind,
  type FaultProxy,
  faultKinds,
  startFaultProxy,
} from "../../support/registry/fault-proxy.js";
import { authConfig, openPolicy, type TestRegistry } from "../../support/registry/registry.js";
import { registryUser } from "../../support/registry/registry-user.js";
import { pullInto, pushFrom } from "../../support/registry/transfers.js";
import type { SeededRandom } from "../../support/seeded-random.js";
import {
  auditPulled,
  auditPushed,
  auditRegistryFiles,
  auditRoot,
  type ExpectedPush,
  flatten,
  idsOf,
} from "./audit.js";
import { accessRegistry, openImageMill, randomBytesOf, sha256, type TrueImage } from "./images.js";

/** Limits that a trial can wait for, in ms. */
const limits = { downloadMs: 12_000, downloadSilenceMs: 1_500, downloadResumes: 4 };
/** How long any transfer may take that has these limits, for each of its few documents and blobs, in ms. */
const patience = 120_000;

/** The `Authorization` of who may push to the registry of a trial. */
export const basicAuthorization = `Basic ${Buffer.from(`${registryUser.username}:${registryUser.password}`).toString("base64")}`;

/** By which codes a transfer may end to which that was done. Those of refusals are of a pull; a push has its own. */
const codesAfter: Readonly<Record<FaultKind, readonly string[]>> = {
  "cut answer": ["INTERNAL"],
  "cut request": ["INTERNAL"],
  "cut after": ["INTERNAL"],
  // A registry that asks for patience again and again uses it up.
  429: ["INTERNAL", "LIMIT_EXCEEDED"],
  "429 for a day": ["LIMIT_EXCEEDED"],
  500: ["INTERNAL"],
  502: ["INTERNAL"],
  503: ["INTERNAL"],
  "503 for a moment": ["INTERNAL", "LIMIT_EXCEEDED"],
  "flipped byte": ["SOURCE_MISMATCH"],
  "shorter length": ["SOURCE_MISMATCH", "INTERNAL"],
  "longer length": ["SOURCE_MISMATCH", "INTERNAL"],
  "redirect to metadata": ["SOURCE_FORBIDDEN"],
  "redirect elsewhere": ["SOURCE_FORBIDDEN"],
  "redirect to storage": [],
  silence: ["INTERNAL", "LIMIT_EXCEEDED"],
  "silence midway": ["INTERNAL", "LIMIT_EXCEEDED"],
};

export interface Lane extends AsyncDisposable {
  /** One pull or push, and what is wrong with how it ended. */
  step(): Promise<string[]>;
}

interface LaneOptions {
  readonly name: string;
  readonly directory: string;
  readonly registry: TestRegistry;
  readonly random: SeededRandom;
  /** Counts a deed. */
  readonly count: (deed: string) => void;
  readonly log: (line: string) => void;
}

/** An image of the lane's graph that may be pushed. */
interface Known {
  readonly image: string;
  readonly expected: Omit<ExpectedPush, "digest">;
}

/** Opens a lane with a graph and a network of its own. */
export async function openLane(options: LaneOptions): Promise<Lane> {
  const { name, directory, registry, random } = options;
  const proxy = await startFaultProxy(registry, random, basicAuthorization);
  mkdirSync(directory, { recursive: true });
  const authFile = join(directory, "config.json");
  writeFileSync(authFile, authConfig(proxy.host), { mode: 0o600 });
  const hosts = [proxy.host, proxy.storageHost].map((host) => parseAllowedHost(host));
  const policy: RegistryPolicy = {
    ...openPolicy,
    allowedHosts: hosts,
    insecureHosts: hosts,
    limits,
    authFile,
  };
  const graph = await openGraph(join(directory, "root"), { create: true });
  const registries = openRegistries(policy);
  const mill = openImageMill(random, accessRegistry(registry.url, basicAuthorization));
  const known: Known[] = [];
  let steps = 0;

  async function step(): Promise<string[]> {
    steps++;
    const isPull = known.length === 0 || random.chance(0.5);
    const findings = isPull ? await pull() : await push();
    findings.push(...(await auditRoot(graph)), ...auditRegistryFiles(registry.directory), ...proxy.strays);
    return findings.map((finding) => `${name}, step ${steps}: ${finding}`);
  }

  async function pull(): Promise<string[]> {
    const repository = `${name}/r${random.between(0, 3)}`;
    const made = await mill.make(repository, `t${steps}`, random.chance(0.1));
    const way = random.pick(["tag", "tag", "digest", "name", "all"] as const);
    const reference =
      way === "digest"
        ? `${proxy.host}/${repository}@${made.digest}`
        : `${proxy.host}/${repository}:${made.tag}`;
    const wanted = way === "all" ? made.images : made.images.slice(0, 1);
    const before = await idsOf(graph);
    const work = async () => {
      const request = { ...(way === "name" ? { name: `named-${steps}` } : {}), allPlatforms: way === "all" };
      const pulled = await pullInto(graph, registries, reference, request);
      const ids = pulled.images.map(({ id }) => id);
      const isRight =
        `${ids.sort()}` === `${wanted.map(({ id }) => id).sort()}` && pulled.digest === made.digest;
      return isRight
        ? await auditPulled(graph, wanted)
        : [`${reference} was pulled as ${pulled.digest}, ${ids}`];
    };
    const untouched = async () => {
      const after = await idsOf(graph);
      return `${after}` === `${before}` ? [] : ["a pull that failed has left images"];
    };
    const findings = await tried("pull", work, untouched);
    if (findings.length > 0) return findings;
    for (const image of wanted) known.push(knownOf(image));
    if (random.chance(0.2)) known.push(await makeOn(wanted[0] as TrueImage));
    return findings;
  }

  async function push(): Promise<string[]> {
    const { image, expected } = random.pick(known);
    const repository = `${name}/${random.pick(["r", "p"])}${random.between(0, 3)}`;
    const tag = random.chance(0.2) ? "moving" : `t${steps}`;
    const form = random.pick([
      {},
      {},
      { format: "oci" },
      { format: "docker" },
      { compression: "gzip" },
      { compression: "zstd" },
    ] as const);
    const work = async () => {
      const pushed = await pushFrom(graph, registries, image, `${proxy.host}/${repository}:${tag}`, form);
      const scratch = join(directory, `pushed-${steps}`);
      mkdirSync(scratch);
      const login = ["--src-tls-verify=false", "--src-authfile", registry.authFile ?? ""];
      const found = await auditPushed(
        `${registry.host}/${repository}:${tag}`,
        { ...expected, digest: pushed.digest },
        scratch,
        login,
        random.chance(0.3),
      );
      rmSync(scratch, { recursive: true, force: true });
      return found;
    };
    return await tried("push", work, async () => []);
  }

  /** Tries it over the network that fails, and if it fails, once more over one that does not. */
  async function tried(
    what: "pull" | "push",
    work: () => Promise<string[]>,
    untouched: () => Promise<string[]>,
  ): Promise<string[]> {
    const kinds = random.chance(0.6) ? faultKinds : [random.pick(faultKinds)];
    const share = random.pick([0.05, 0.15, 0.4]);
    proxy.faults();
    proxy.plan = () => (random.chance(share) ? random.pick(kinds) : undefined);
    const error = await ending(work);
    proxy.plan = undefined;
    const faults = proxy.faults();
    for (const fault of faults) options.count(`fault: ${fault}`);
    if (Array.isArray(error)) {
      options.count(`${what} that ended right${faults.length === 0 ? "" : ", faults and all"}`);
      return error;
    }
    const code = error instanceof StevedoreError ? error.code : "none";
    options.count(`${what} that failed by ${code}`);
    options.log(`${name}: the ${what} failed after ${faults.join(", ")}: ${describe(error)}`);
    const findings = [...unexplained(what, error, faults, proxy), ...(await untouched())];
    findings.push(...(await auditRoot(graph)), ...auditRegistryFiles(registry.directory));
    if (findings.length > 0) return findings;
    const again = await ending(work);
    if (Array.isArray(again)) return again;
    return [`the ${what} failed over a whole network, too: ${describe(again)}; before: ${describe(error)}`];
  }

  /** An image that was made here, on top of one that was pulled. */
  async function makeOn(parent: TrueImage): Promise<Known> {
    const id = `made-${name}-${steps}`;
    const content = randomBytesOf(random, random.between(0, 5_000));
    const record = makeRecord({ id, parent: parent.id, created: "2024-01-01T00:00:00Z", config: {} });
    await graph.register({ record }, async (layer) => {
      writeFileSync(join(layer, id), content);
      return {};
    });
    const files = flatten([...parent.layers, { files: new Map([[id, sha256(content)]]) }]);
    return { image: id, expected: { id: undefined, diffIds: undefined, files } };
  }

  return {
    step,
    async [Symbol.asyncDispose]() {
      await registries.close();
      await graph.close();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

function knownOf({ id, layers }: TrueImage): Known {
  const diffIds = layers.map(({ diffId }) => diffId);
  return { image: id, expected: { id, diffIds, files: flatten(layers) } };
}

/** What work finds, or the error that ends it. */
async function ending(work: () => Promise<string[]>): Promise<string[] | unknown> {
  const over = new AbortController();
  const late = sleep(patience, [`it has not ended after ${patience / 1_000} s`], { signal: over.signal });
  late.catch(() => undefined);
  try {
    return await Promise.race([work(), late]);
  } catch (error) {
    return error ?? new Error("nothing was thrown");
  } finally {
    over.abort();
  }
}

/** What is wrong with an error after what was done. */
function unexplained(
  what: "pull" | "push",
  error: unknown,
  faults: readonly FaultKind[],
  { host }: FaultProxy,
): string[] {
  const told = `the ${what} failed: ${describe(error)}, after ${faults.join(", ") || "nothing"}`;
  if (!(error instanceof StevedoreError)) return [told];
  const codes = faults.flatMap((fault) => codesAfter[fault]);
  const expected =
    what === "pull" ? codes : codes.map((code) => code.replace("SOURCE_FORBIDDEN", "TARGET_FORBIDDEN"));
  const isNamed = error.message.includes(host) || error.message.includes("sha256:");
  const isPlain = !/undefined|\[object|NaN|is not a function|169\.254\.169\.254.*user/.test(error.message);
  return expected.includes(error.code) && isNamed && isPlain ? [] : [told];
}

function describe(error: unknown): string {
  if (error instanceof StevedoreError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.stack}` : String(error);
}
