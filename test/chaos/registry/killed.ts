// Pulls and pushes whose process is killed at any moment: a worker's, or a command's own. What it leaves is all or nothing, and
// the next try ends it: the job, taken up by the next worker, or the command once more.
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Graph, openGraph } from "../../../src/graph/index.js";
import { openRegistries, type RegistryPolicy } from "../../../src/interchange/registry/index.js";
import { parseAllowedHost } from "../../../src/outbound/index.js";
import { openProducer } from "../../../src/producer/index.js";
import { quickLockEnvironment } from "../../support/processes/quick-locks.js";
import { type Running, startStevedore, stevedore } from "../../support/processes/stevedore.js";
import { startRedis } from "../../support/redis/redis-server.js";
import { startFaultProxy } from "../../support/registry/fault-proxy.js";
import { authConfig, openPolicy, type TestRegistry } from "../../support/registry/registry.js";
import { pullInto } from "../../support/registry/transfers.js";
import type { SeededRandom } from "../../support/seeded-random.js";
import { auditHost, signalTrial, trialVariable } from "../auditor/host-audit.js";
import { openLedger } from "../ledger.js";
import { auditPulled, auditPushed, auditRegistryFiles, auditRoot, flatten, idsOf } from "./audit.js";
import { accessRegistry, openImageMill, type TrueImage } from "./images.js";
import { basicAuthorization } from "./lane.js";

/** How long the next try may take, in ms: a lock of 2 s runs out first, and a stalled job is looked for now and then. */
const patience = 90_000;

/** Whose process is killed. */
const hows = ["worker", "command"] as const;

export interface Victim extends AsyncDisposable {
  /** One pull or push that is killed and tried again, and what is wrong with how that went. */
  kill(): Promise<string[]>;
}

interface VictimOptions {
  readonly name: string;
  readonly directory: string;
  readonly registry: TestRegistry;
  readonly random: SeededRandom;
  /** Counts a deed. */
  readonly count: (deed: string) => void;
  readonly log: (line: string) => void;
}

/** A transfer that is to be killed. */
interface Transfer {
  readonly what: "pull" | "push";
  readonly image: TrueImage;
  /** Where from or to, by the proxy. */
  readonly reference: string;
  /** The arguments of the command. */
  readonly args: readonly string[];
  readonly data: { readonly ref: string } | { readonly image: string; readonly ref: string };
}

/** Opens a root for workers and one for commands, whose network is slow enough for a kill to come between. */
export async function openVictim({
  name,
  directory,
  registry,
  random,
  count,
  log,
}: VictimOptions): Promise<Victim> {
  const redis = await startRedis();
  const proxy = await startFaultProxy(registry, random);
  const { host } = proxy;
  proxy.pace = 3;
  const authFile = join(directory, "config.json");
  writeFileSync(authFile, authConfig(host), { mode: 0o600 });
  const hosts = [parseAllowedHost(host)];
  const policy: RegistryPolicy = { ...openPolicy, allowedHosts: hosts, insecureHosts: hosts, authFile };
  const mill = openImageMill(random, accessRegistry(registry.url, basicAuthorization));
  const graphName = name;
  const producer = openProducer({ redis: redis.url, graph: graphName });
  const flags = ["--registry-insecure", host, "--registry-auth", authFile];
  let kills = 0;

  async function kill(): Promise<string[]> {
    kills++;
    const how = random.pick(hows);
    const root = join(directory, how);
    const env = { ...quickLockEnvironment, [trialVariable]: root };
    const transfer = await prepare(root);
    const { what, image, reference } = transfer;
    const moment = random.between(1, 4 + 2 * image.layers.length);
    const told = `${what} by a ${how}, killed after ${moment} requests`;
    const findings: string[] = [];
    const before = await withGraph(root, idsOf);
    const start = (): Running =>
      how === "worker"
        ? startStevedore(
            ["worker", "--redis", redis.url, "--graph", graphName, "--allow-registry", host, ...flags],
            { root, env },
          )
        : startStevedore([...transfer.args, ...flags], { root, env });

    const victim = start();
    const reached = arrival(moment);
    let job: { readonly id: string } | undefined;
    let over: Promise<unknown> = victim.ended;
    if (how === "worker") {
      await victim.says(/ serving /);
      job = await producer.enqueue(what, transfer.data as never);
      over = producer.wait(job as never).catch(() => undefined);
    }
    const isOver = await Promise.race([reached.then(() => false), over.then(() => true)]);
    if (!isOver) await sleep(random.between(0, 60));
    const exited = once(victim.process, "exit");
    if (victim.process.exitCode === null && victim.process.signalCode === null) {
      victim.process.kill("SIGKILL");
      await exited;
    }
    proxy.plan = undefined;
    count(`killed a ${how} ${isOver ? "after" : "in"} its ${what}`);
    findings.push(...(await withGraph(root, (graph) => allOrNone(graph, transfer, before))));
    findings.push(...auditRegistryFiles(registry.directory));

    if (how === "worker") {
      const next = start();
      await next.says(/ serving /);
      const isAskedAgain = what === "pull" && random.chance(0.3);
      if (isAskedAgain) job = await producer.enqueue(what, transfer.data as never);
      const ended = await inTime(
        producer.wait(job as never).then(
          () => "right",
          (error: unknown) => `${error}`,
        ),
      );
      if (ended !== "right") findings.push(`the next try: ${ended}: ${next.output().slice(-2_000)}`);
      const { code, stderr } = await next.stop("SIGTERM");
      if (code !== 0) findings.push(`the next worker ended with ${code}: ${stderr.slice(-1_000)}`);
    } else {
      const again = start();
      const ended = await inTime(again.ended.then(({ code, stderr }) => (code === 0 ? "right" : stderr)));
      if (ended !== "right") {
        findings.push(`the command once more: ${ended}: ${again.output().slice(-2_000)}`);
        await again.stop("SIGKILL");
      }
    }
    findings.push(...(await withGraph(root, (graph) => auditPulled(graph, [image]))));
    findings.push(...(await withGraph(root, auditRoot)), ...auditRegistryFiles(registry.directory));
    findings.push(...auditHost(root, openLedger(), { expectedPids: [] }));
    const checked = await stevedore(["check", "--json"], { root });
    if (checked.code !== 0) findings.push(`stevedore check: ${checked.stdout}${checked.stderr}`);
    if (what === "push" && findings.length === 0) findings.push(...(await auditTarget(transfer)));
    log(`${told}: ${findings.length === 0 ? "well" : "not well"} (${reference})`);
    return findings.map((finding) => `${told} (${reference}, ${image.id}): ${finding}`);
  }

  /** Makes an image, and for a push gets it into the graph first. */
  async function prepare(root: string): Promise<Transfer> {
    const made = await mill.make(`${name}/r${random.between(0, 2)}`, `t${kills}`, true);
    const image = made.images[0] as TrueImage;
    const from = `${host}/${made.repository}:${made.tag}`;
    if (random.chance(0.5)) {
      return { what: "pull", image, reference: from, args: ["pull", from], data: { ref: from } };
    }
    const registries = openRegistries(policy);
    try {
      await withGraph(root, async (graph) => pullInto(graph, registries, from));
    } finally {
      await registries.close();
    }
    const to = `${host}/${name}/p${random.between(0, 2)}:t${kills}`;
    const form = random.pick([{}, { compress: "zstd" }, { format: "docker" }] as const);
    const options = Object.entries(form).flatMap(([name, value]) => [`--${name}`, value]);
    const data = { image: image.id, ref: to, ...form };
    return { what: "push", image, reference: to, args: ["push", image.id, to, ...options], data };
  }

  /** Resolves when so many requests have come. */
  function arrival(requests: number): Promise<void> {
    let seen = 0;
    return new Promise((resolve) => {
      proxy.plan = () => {
        if (++seen === requests) resolve();
        return undefined;
      };
    });
  }

  async function allOrNone(graph: Graph, transfer: Transfer, before: readonly string[]): Promise<string[]> {
    const { what, image, reference } = transfer;
    const after = await idsOf(graph);
    if (what === "push") return `${after}` === `${before}` ? [] : ["a push has changed the images"];
    const isNamed = (await graph.names.lookup(reference)) === image.id;
    if (`${after}` === `${before}`) return isNamed ? [`${reference} is named, and not there`] : [];
    count("killed, and all was there");
    return [
      ...(isNamed ? [] : [`${reference} is there without its name`]),
      ...(await auditPulled(graph, [image])),
    ];
  }

  async function auditTarget({ reference, image }: Transfer): Promise<string[]> {
    const scratch = join(directory, `pushed-${kills}`);
    mkdirSync(scratch);
    const repository = reference.slice(host.length);
    const login = ["--src-tls-verify=false", "--src-authfile", registry.authFile ?? ""];
    const expected = {
      digest: undefined,
      id: image.id,
      diffIds: image.layers.map(({ diffId }) => diffId),
      files: flatten(image.layers),
    };
    const found = await auditPushed(`${registry.host}${repository}`, expected, scratch, login, true);
    rmSync(scratch, { recursive: true, force: true });
    return found;
  }

  return {
    kill,
    async [Symbol.asyncDispose]() {
      for (const how of hows) signalTrial(join(directory, how), "SIGKILL");
      await producer.close();
      await proxy[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

/** Opens the graph as any process does that may write. */
async function withGraph<T>(root: string, use: (graph: Graph) => Promise<T>): Promise<T> {
  const graph = await openGraph(root, { create: true });
  try {
    return await use(graph);
  } finally {
    await graph.close();
  }
}

async function inTime(ended: Promise<string>): Promise<string> {
  const late = new AbortController();
  const tooLate = sleep(patience, "it has not ended", { signal: late.signal });
  tooLate.catch(() => undefined);
  const first = await Promise.race([ended, tooLate]);
  late.abort();
  return first;
}
