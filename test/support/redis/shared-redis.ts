// The one redis-server that most tests of a run use: each file gets a database of its own in it, and leaves nothing there.
// Whoever kills, fills or configures a server starts one with `startRedis`.
import { tmpdir } from "node:os";
import { Redis } from "ioredis";
import { inject } from "vitest";
import type { TestProject } from "vitest/node";
import { freePort, redisProcess } from "./redis-process.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** The server's URL, without a database. */
    readonly sharedRedis: string;
  }
}

/** More than a run has files; the first counts those that were given away. */
const databases = 4_096;

/** Vitest calls it before the first test file, and what it returns after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const port = await freePort();
  const volatile = ["--save", "", "--appendonly", "no", "--dir", tmpdir()];
  const server = redisProcess(port, [
    ...["--port", `${port}`, "--bind", "127.0.0.1", "--databases", `${databases}`],
    ...volatile,
  ]);
  await server.start();
  project.provide("sharedRedis", `redis://127.0.0.1:${port}`);
  return server.kill;
}

/** An empty database of the shared server. It is emptied again when it is disposed of. */
export interface TestDatabase extends AsyncDisposable {
  /** With the number of the database. */
  readonly url: string;
  /** Sends one command to it. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>;
}

/** Takes the next one. */
export async function openDatabase(): Promise<TestDatabase> {
  const server = inject("sharedRedis");
  const number = await ask(server, (redis) => redis.incr("databases given away"));
  const url = `${server}/${number}`;
  return {
    url,
    command: (name, ...args) => ask(url, (redis) => redis.call(name, ...args)),
    async [Symbol.asyncDispose]() {
      await ask(url, (redis) => redis.flushdb());
    },
  };
}

/** Asks over a connection of its own. */
async function ask<Answer>(url: string, question: (redis: Redis) => Promise<Answer>): Promise<Answer> {
  const redis = new Redis(url);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}
