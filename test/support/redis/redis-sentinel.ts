// A master, its replica and the sentinels that watch over them, of a test's own.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../until.js";
import { filesOfOneOfMany, freePort, isCopied, type RedisProcess, redisProcess } from "./redis-process.js";
import { type Certificates, type RedisSecurity, secureRedis } from "./redis-security.js";

export interface TestSentinel extends AsyncDisposable {
  /** Names all sentinels, with all that is needed to connect to them and, as the user `default`, to the master. */
  readonly url: string;
  readonly servers: readonly RedisProcess[];
  readonly sentinels: readonly RedisProcess[];
  readonly certificates: Certificates | undefined;
  /** The server that the sentinels name as the master now. */
  master(): Promise<RedisProcess>;
  /** Lets the replica take over from a master that lives, which goes on as a replica. */
  failover(): Promise<void>;
  /** Waits until the sentinels name another master than this one, which was killed. */
  promoted(instead: RedisProcess): Promise<RedisProcess>;
  /** Waits until the master has its replica, again, and that has all that the master has. */
  replicated(): Promise<void>;
}

export interface SentinelOptions extends RedisSecurity {
  /** How many; most of them have to agree that the master is gone. Default 1. */
  readonly sentinels?: number;
  /** Of the sentinels themselves. */
  readonly sentinelPassword?: string;
  /** After how long they take a silent server for dead, in ms. Default 500. */
  readonly downAfter?: number;
}

/** The name that the sentinels know the master by. */
export const masterName = "mymaster";

/** Starts them all, and waits until the sentinels know the replica and each other. */
export async function startSentinel({
  sentinels: count = 1,
  sentinelPassword,
  downAfter = 500,
  ...security
}: SentinelOptions = {}): Promise<TestSentinel> {
  const directory = await mkdtemp(join(tmpdir(), "stevedore-sentinel-"));
  const { args, login, listen, scheme, userInfo, query, certificates } = secureRedis(directory, security);
  const { password } = security;
  const ports: number[] = [];
  while (ports.length < 2 + count) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  const [masterPort = 0, replicaPort = 0, ...sentinelPorts] = ports;
  const servers = [masterPort, replicaPort].map((port) =>
    redisProcess(
      port,
      [
        ...listen(port),
        ...filesOfOneOfMany(directory, port),
        ...(port === replicaPort ? ["--replicaof", "127.0.0.1", String(masterPort)] : []),
        ...args,
      ],
      login,
    ),
  );
  const sentinels = sentinelPorts.map((port) =>
    redisProcess(
      port,
      [
        join(directory, `sentinel-${port}.conf`),
        "--sentinel",
        ...listen(port),
        ...(certificates === undefined ? [] : args.slice(args.indexOf("--tls-cert-file"))),
      ],
      () => {
        const { tls } = login();
        return {
          ...(tls === undefined ? {} : { tls }),
          ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
        };
      },
    ),
  );
  const dispose = async () => {
    await Promise.all([...sentinels, ...servers].map((each) => each.kill()));
    await rm(directory, { recursive: true, force: true });
  };
  const facts = async (sentinel: RedisProcess) => {
    const reply = (await sentinel.command("SENTINEL", "MASTER", masterName)) as string[] | object;
    // RESP3 answers with a map.
    if (!Array.isArray(reply)) return reply as Record<string, string>;
    return Object.fromEntries(
      reply.flatMap((key, at) => (at % 2 === 0 ? [[key, reply[at + 1] ?? ""]] : [])),
    ) as Record<string, string>;
  };
  const masterPortBy = async (sentinel: RedisProcess) =>
    Number(((await sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName)) as string[])[1]);
  const serverAt = (port: number): RedisProcess => {
    const server = servers.find((each) => each.port === port);
    if (server === undefined) throw new Error(`no server has the port ${port}`);
    return server;
  };
  const [first] = sentinels;
  if (first === undefined) throw new Error("at least one sentinel is needed");
  const master = async () => serverAt(await masterPortBy(first));
  const agreeOnOther = async (port: number) => {
    for (const sentinel of sentinels) if ((await masterPortBy(sentinel)) === port) return false;
    return true;
  };
  const replicated = () =>
    until("the master has no replica that follows", async () => {
      return (await isCopied(await master())) && (await facts(first)).flags === "master";
    });

  try {
    await Promise.all(servers.map((server) => server.start()));
    for (const port of sentinelPorts) {
      await writeFile(
        join(directory, `sentinel-${port}.conf`),
        [
          `dir ${directory}`,
          `sentinel monitor ${masterName} 127.0.0.1 ${masterPort} ${Math.floor(count / 2) + 1}`,
          `sentinel down-after-milliseconds ${masterName} ${downAfter}`,
          `sentinel failover-timeout ${masterName} 3000`,
          ...(password === undefined ? [] : [`sentinel auth-pass ${masterName} ${password}`]),
          ...(sentinelPassword === undefined ? [] : [`requirepass ${sentinelPassword}`]),
          "",
        ].join("\n"),
      );
    }
    await Promise.all(sentinels.map((sentinel) => sentinel.start()));
    // They ask the servers every ten seconds what they are, and wait for eight before they correct one.
    const periods = ["INFO-PERIOD", 200, "PUBLISH-PERIOD", 200];
    for (const sentinel of sentinels) await sentinel.command("SENTINEL", "DEBUG", ...periods);
    await until("the sentinels do not know all servers", async () => {
      for (const sentinel of sentinels) {
        const known = await facts(sentinel);
        if (known["num-slaves"] !== "1" || known["num-other-sentinels"] !== String(count - 1)) return false;
      }
      return true;
    });
    await replicated();
  } catch (error) {
    await dispose();
    throw error;
  }
  const names = sentinelPorts.map((port) => `127.0.0.1:${port}`).join(",");
  const own =
    sentinelPassword === undefined ? "" : `sentinelPassword=${encodeURIComponent(sentinelPassword)}`;
  const parameters = [query.slice(1), own].filter((each) => each !== "").join("&");
  return {
    url: `${scheme}+sentinel://${userInfo()}${names}/${masterName}${parameters === "" ? "" : `?${parameters}`}`,
    servers,
    sentinels,
    certificates,
    master,
    async failover() {
      const before = await masterPortBy(first);
      // It is refused until the sentinel has heard enough of the replica.
      await until("no replica was fit to take over", async () => {
        return (await first.command("SENTINEL", "FAILOVER", masterName)) === "OK";
      });
      await until("the replica has not taken over", () => agreeOnOther(before));
    },
    async promoted(instead) {
      await until("no replica has taken over", () => agreeOnOther(instead.port));
      return master();
    },
    replicated,
    [Symbol.asyncDispose]: dispose,
  };
}
