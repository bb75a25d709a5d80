// A Redis Cluster of a test's own: three masters, each with replicas if asked for, whose nodes can be killed,
// restarted, and replaced by their replicas.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "../until.js";
import {
  filesOfOneOfMany,
  freeClusterPort,
  isCopied,
  type RedisProcess,
  redisProcess,
} from "./redis-process.js";
import { type Certificates, type RedisSecurity, secureRedis } from "./redis-security.js";

export interface TestCluster extends AsyncDisposable {
  /** Names all nodes, with all that is needed to connect as the user `default`. */
  readonly url: string;
  /** The same for another user. */
  urlOf(user: string, password: string): string;
  readonly nodes: readonly RedisProcess[];
  readonly certificates: Certificates | undefined;
  /** The node that serves a key now. All keys of a graph are where its prefix, `{stevedore:NAME}`, is. */
  masterOf(key: string): Promise<RedisProcess>;
  /** Lets a replica take a key's slot over from its master, which goes on as a replica. Nothing is lost. */
  failover(key: string): Promise<void>;
  /** Waits until a replica serves a key instead of its master, which was killed. */
  promoted(key: string, instead: RedisProcess): Promise<void>;
  /** Waits until the replica of a key's master has all that the master has. */
  replicated(key: string): Promise<void>;
  /** Waits until every node that runs has all slots served. */
  whole(): Promise<void>;
}

export interface ClusterOptions extends RedisSecurity {
  /** Of each of the three masters. Default: none. */
  readonly replicas?: number;
}

/** After how long the nodes give one of them up, in ms. */
const nodeTimeout = 1_000;

/** Starts a cluster whose nodes keep an append-only file each. */
export async function startCluster({ replicas = 0, ...security }: ClusterOptions = {}): Promise<TestCluster> {
  const directory = await mkdtemp(join(tmpdir(), "stevedore-cluster-"));
  const { args, login, listen, cliArgs, scheme, userInfo, query, certificates } = secureRedis(
    directory,
    security,
  );
  const ports = new Set<number>();
  while (ports.size < 3 * (1 + replicas)) ports.add(await freeClusterPort());
  const nodes = [...ports].map((port) =>
    redisProcess(
      port,
      [
        ...listen(port),
        ...["--cluster-enabled", "yes", "--cluster-config-file", `nodes-${port}.conf`],
        ...["--cluster-node-timeout", String(nodeTimeout), "--cluster-replica-validity-factor", "0"],
        // A replica is named once its offset is not 0, which the first ping makes it.
        ...["--repl-ping-replica-period", "1"],
        ...filesOfOneOfMany(directory, port),
        ...args,
      ],
      login,
    ),
  );
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const dispose = async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await rm(directory, { recursive: true, force: true });
  };

  const isWhole = async () => {
    for (const node of nodes) {
      const info = await node.command("CLUSTER", "INFO").catch(() => undefined);
      if (info !== undefined && !String(info).includes("cluster_state:ok")) return false;
    }
    return true;
  };
  const whole = () => until("the cluster does not serve all slots", isWhole);
  const runningNode = async () => {
    for (const node of nodes) if ((await node.command("PING").catch(() => undefined)) === "PONG") return node;
    throw new Error("no node of the cluster runs");
  };
  /** The ports that serve a key: its master's first. */
  const portsOf = async (key: string) => {
    const node = await runningNode();
    const slot = Number(await node.command("CLUSTER", "KEYSLOT", key));
    const ranges = (await node.command("CLUSTER", "SLOTS")) as [number, number, ...[string, number][]][];
    const [, , ...servers] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? [0, 0];
    return servers.map(([, port]) => port);
  };
  const nodeAt = (port: number | undefined) => {
    const node = nodes.find((each) => each.port === port);
    if (node === undefined) throw new Error(`no node of the cluster has the port ${port}`);
    return node;
  };

  try {
    await Promise.all(nodes.map((node) => node.start()));
    await promisify(execFile)("redis-cli", [
      ...cliArgs,
      ...["--cluster", "create", ...addresses, "--cluster-replicas", String(replicas), "--cluster-yes"],
    ]);
    await whole();
    await until("a replica does not follow its master", async () => {
      for (const node of nodes) {
        const ranges = (await node.command("CLUSTER", "SLOTS")) as unknown[][];
        if (ranges.some((range) => range.length !== 3 + replicas)) return false;
        const info = String(await node.command("INFO", "replication"));
        if (info.includes("role:slave") && !info.includes("master_link_status:up")) return false;
      }
      return true;
    });
  } catch (error) {
    await dispose();
    throw error;
  }
  const urlOf = (user?: string, password?: string) =>
    `${scheme}+cluster://${userInfo(user, password)}${addresses.join(",")}${query}`;
  return {
    url: urlOf(),
    urlOf,
    nodes,
    certificates,
    masterOf: async (key) => nodeAt((await portsOf(key))[0]),
    async failover(key) {
      const [master, replica] = await portsOf(key);
      await nodeAt(replica).command("CLUSTER", "FAILOVER");
      await until("the replica has not taken over", async () => (await portsOf(key))[0] !== master);
    },
    promoted: (key, { port }) =>
      until("no replica has taken over", async () => ![undefined, port].includes((await portsOf(key))[0])),
    replicated: (key) =>
      until("the replica has not caught up", async () => isCopied(nodeAt((await portsOf(key))[0]))),
    whole,
    [Symbol.asyncDispose]: dispose,
  };
}
