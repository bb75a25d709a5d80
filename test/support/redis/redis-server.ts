// A real redis-server of a test's own, that can be stopped and started again.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, redisProcess } from "./redis-process.js";
import { type Certificates, type RedisSecurity, secureRedis } from "./redis-security.js";

export { freePort } from "./redis-process.js";

export interface TestRedis extends AsyncDisposable {
  /** For the user `default`, with all that is needed to connect. */
  readonly url: string;
  /** The same for another user. */
  urlOf(user: string, password: string): string;
  readonly port: number;
  /** Where its files are. */
  readonly directory: string;
  /** With `tls`. */
  readonly certificates: Certificates | undefined;
  /** Ends the server as a crash would; its append-only file stays. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Lets it neither answer nor notice anything, as a host that hangs, until `thaw` or `kill`. */
  freeze(): void;
  thaw(): void;
  /** Takes all it holds away from a server that was killed. */
  wipe(): Promise<void>;
  /** Sends one command as the user `default`. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>;
}

/** Starts a server with an append-only file in a temporary directory. */
export async function startRedis(security: RedisSecurity = {}): Promise<TestRedis> {
  const directory = await mkdtemp(join(tmpdir(), "stevedore-redis-"));
  const { args, login, listen, scheme, userInfo, query, certificates } = secureRedis(directory, security);
  const port = await freePort();
  const durable = ["--dir", directory, "--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  const server = redisProcess(port, [...listen(port), ...durable, ...args], login);
  const urlOf = (user?: string, password?: string) =>
    `${scheme}://${userInfo(user, password)}127.0.0.1:${port}${query}`;
  await server.start();
  return {
    url: urlOf(),
    urlOf,
    port,
    directory,
    certificates,
    kill: server.kill,
    start: server.start,
    command: server.command,
    freeze: server.freeze,
    thaw: server.thaw,
    wipe: () => rm(join(directory, "appendonlydir"), { recursive: true, force: true }),
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
