// Examines a host: the programs and rights that commands need.
import { access, constants, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { run, type Tool, tools } from "../../../host/index.js";
import {
  attributeNames,
  checkKnownAnswer,
  checkTar,
  chooseXzEngine,
  neededDecompressors,
  type ProbedAttribute,
  probeAttributes,
} from "../../../layer/index.js";
import { availableDrivers } from "../../../mount/index.js";
import { openProducer } from "../../../producer/index.js";
import { describeRedis } from "../../../redis/index.js";
import type { Config } from "../../config.js";
import { embeddedRedisRuns } from "../../embedded/index.js";
import { formatBytes } from "../../terminal/index.js";
import { compressorChecks } from "./compressor-check.js";
import type { Check, Finding } from "./finding.js";
import { redisChecks } from "./redis-checks.js";
import { registryChecks } from "./registry-check.js";

/** Runs all checks. One that fails is a finding, never an error. */
export async function examine(config: Config): Promise<Finding[]> {
  return Promise.all(
    checks(config).map(async ({ name, needed, probe, fix }): Promise<Finding> => {
      try {
        return { name, needed, ok: true, found: await probe(), fix: null };
      } catch (error) {
        return { name, needed, ok: false, found: (error as Error).message, fix };
      }
    }),
  );
}

function checks(config: Config): Check[] {
  const probed = nearestExisting(config.root).then((directory) => probeAttributes(directory));
  // Each check tells of it.
  probed.catch(() => undefined);
  const install = (tool: Tool) => `apt-get install ${tool.package}`;
  const program = (tool: Tool, needed: boolean, purpose: string): Check => ({
    name: `${tool.command} (${purpose})`,
    needed,
    // bzip2 prints its version on stderr.
    probe: async () =>
      ((await run(tool, [tool.versionOption ?? "--version"])).split("\n")[0] ?? "").trim() || "is there",
    fix: install(tool),
  });
  return [
    { name: "node", needed: true, probe: async () => process.version, fix: null },
    { name: "rights", needed: false, probe: rights, fix: "run as root, or store with --allow-squash" },
    { name: "root", needed: true, probe: () => rootDirectory(config.root), fix: "name another with --root" },
    { name: "disk", needed: false, probe: () => diskSpace(config.root), fix: "free some space" },
    ...attributeChecks(probed),
    {
      name: "tar (layers in and out)",
      needed: true,
      probe: async () => `GNU tar ${(await checkTar()).version}`,
      fix: install(tools.tar),
    },
    { name: "xz engine (checksums)", needed: true, probe: xzEngine, fix: install(tools.xz) },
    program(tools.xz, false, "the fast engine; lzma-native stands in"),
    program(tools.bsdtar, false, "recipe docker"),
    ...neededDecompressors().map(({ compression, tool }) => program(tool, false, `${compression} archives`)),
    program(tools.find, true, "measuring layers"),
    program(tools.sync, true, "durable commits"),
    program(tools.flock, true, "one writer at a time"),
    program(tools.mount, false, "mounting images"),
    {
      name: "mount drivers",
      needed: false,
      probe: mountDrivers,
      fix: `run as root, or ${install(tools.fuseOverlayfs)}`,
    },
    {
      name: "queue",
      needed: true,
      probe: () => queue(config),
      fix: `${install(tools.redis)}, or --redis URL`,
    },
    ...registryChecks(),
    ...redisChecks(config),
    ...compressorChecks(config),
  ];
}

async function rights(): Promise<string> {
  if (process.geteuid?.() === 0) return "root: owners and devices are kept";
  throw new Error("not root: owners and devices of layers cannot be kept");
}

async function rootDirectory(root: string): Promise<string> {
  const existing = await nearestExisting(root);
  await access(existing, constants.W_OK);
  return existing === root ? `${root} is writable` : `${root} can be made`;
}

async function diskSpace(root: string): Promise<string> {
  const { bavail, bsize } = await statfs(await nearestExisting(root));
  const free = bavail * bsize;
  if (free < 1024 ** 3) throw new Error(`only ${formatBytes(free)} free`);
  return `${formatBytes(free)} free`;
}

/** What the root's file system keeps of a layer, a check each. */
function attributeChecks(probed: Promise<readonly ProbedAttribute[]>): Check[] {
  const fails = "layers that have them fail with ATTRIBUTE_UNSUPPORTED";
  return attributeNames.map((name) => ({
    name: `disk: ${name}`,
    needed: false,
    probe: async () => {
      const found = await probed.catch((error: Error) => `not tried: ${error.message}`);
      if (typeof found === "string") return found;
      const result = found.find(({ attribute }) => attribute === name);
      if (result === undefined) return "not tried without root";
      if (result.isKept) return "kept";
      if (result.isRare) return `not kept: ${fails}`;
      throw new Error(`not kept: ${fails}`);
    },
    fix: "put the root on a file system that keeps them, such as ext4 or xfs",
  }));
}

async function nearestExisting(path: string): Promise<string> {
  for (let candidate = path; ; candidate = dirname(candidate)) {
    if (
      await stat(candidate).then(
        () => true,
        () => false,
      )
    )
      return candidate;
  }
}

async function xzEngine(): Promise<string> {
  const engine = await chooseXzEngine();
  await checkKnownAnswer(engine);
  return `${engine.name} ${engine.version} gives the known answer`;
}

async function mountDrivers(): Promise<string> {
  const drivers = await availableDrivers();
  if (drivers.length > 1) return `${drivers.join(", ")}: the first is taken`;
  throw new Error(`only ${drivers.join(", ")} works here, which writes whole trees out`);
}

async function queue({ root, redis, graph }: Config): Promise<string> {
  if (redis === undefined) {
    if (await embeddedRedisRuns(root)) return `the root's own Redis answers`;
    for (const server of [tools.redis, tools.valkey]) {
      const version = await run(server, ["--version"]).catch(() => undefined);
      if (version !== undefined) return `${version.trim()}: started when it is needed`;
    }
    throw new Error("no redis-server or valkey-server to start");
  }
  const producer = openProducer({ redis, graph });
  try {
    const workers = await producer.workers("checksum");
    return `Redis at ${describeRedis(redis)} answers, ${workers} workers serve the graph "${graph}"`;
  } finally {
    await producer.close();
  }
}
