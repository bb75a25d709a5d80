// A redis-server process that can be ended as a crash ends it, frozen, and started again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { Redis } from "ioredis";

export interface RedisProcess {
  readonly port: number;
  /** Starts it, again if it was killed, and waits until it answers. */
  start(): Promise<void>;
  /** Ends it as a crash would; its files stay. */
  kill(): Promise<void>;
  /** Lets it neither answer nor notice anything, as a host that hangs, until `thaw` or `kill`. */
  freeze(): void;
  thaw(): void;
  /** Sends one command over a connection of its own; fails if the server does not answer within 5 s. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>;
}

/** What a server asks of those that connect. */
export interface RedisLogin {
  readonly password?: string;
  readonly tls?: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
}

/** How long a command waits for a server that does not answer, in ms. */
const commandTimeout = 5_000;

/** Describes a server; `start` runs it. @param login tells how it is spoken to now @param env added to its environment */
export function redisProcess(
  port: number,
  args: readonly string[],
  login: () => RedisLogin = () => ({}),
  env: Readonly<Record<string, string>> = {},
): RedisProcess {
  let server: ReturnType<typeof spawn> | undefined;
  const connect = (retryStrategy: () => number | null, patience: { readonly commandTimeout?: number }) => {
    const address = { host: "127.0.0.1", port, ...login() };
    const redis = new Redis({ ...address, retryStrategy, maxRetriesPerRequest: null, ...patience });
    redis.on("error", () => undefined);
    return redis;
  };
  return {
    port,
    async start() {
      // A child that is gone was killed: its end is awaited there.
      server = spawn("redis-server", args, { stdio: "ignore", env: { ...process.env, ...env } });
      const probe = connect(() => 20, {});
      const died = once(server, "exit").then(() => {
        throw new Error(`redis-server ${args.join(" ")} ended before it answered`);
      });
      try {
        await Promise.race([probe.ping(), died]);
      } finally {
        probe.disconnect();
        died.catch(() => undefined);
      }
    },
    async kill() {
      if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
      const exited = once(server, "exit");
      server.kill("SIGKILL");
      await exited;
    },
    freeze: () => void server?.kill("SIGSTOP"),
    thaw: () => void server?.kill("SIGCONT"),
    async command(name, ...args) {
      const redis = connect(() => null, { commandTimeout });
      try {
        return await redis.call(name, ...args);
      } finally {
        redis.disconnect();
      }
    },
  };
}

/** The arguments by which one of several servers keeps its files, durably, in a directory that they share. */
export function filesOfOneOfMany(directory: string, port: number): string[] {
  return [
    ...["--dir", directory, "--appenddirname", `aof-${port}`, "--dbfilename", `${port}.rdb`],
    ...["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--repl-diskless-sync-delay", "0"],
  ];
}

/** Whether a master has a replica, and that all that the master has. */
export async function isCopied(master: RedisProcess): Promise<boolean> {
  const info = String(await master.command("INFO", "replication"));
  const [, offset] = /^master_repl_offset:(\d+)/m.exec(info) ?? [];
  return new RegExp(`^slave0:.*state=online,offset=${offset},`, "m").test(info);
}

/** A port nobody listens on. */
export async function freePort(): Promise<number> {
  return (await listenOnce(0)) ?? freePort();
}

/**
 * A port for a node of a cluster, whose bus takes the port 10,000 above. Both lie below those that the kernel gives
 * to clients, so that a node that was stopped finds them free again.
 */
export async function freeClusterPort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 12_000);
    if ((await listenOnce(port)) !== undefined && (await listenOnce(port + 10_000)) !== undefined)
      return port;
  }
}

/** Listens for a moment; returns the port, or undefined if it is taken. */
async function listenOnce(wanted: number): Promise<number | undefined> {
  const server = createServer().listen(wanted, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return undefined;
  }
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
