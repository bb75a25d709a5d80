// Credentials of registries stay where they are: nothing that is written, told, or to be seen while a worker pulls and pushes
// by them holds a password or a token.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { chmod, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { makeSmallLayout } from "../../../support/images/small-layout.js";
import { runCommand } from "../../../support/processes/command.js";
import { startStevedore } from "../../../support/processes/stevedore.js";
import { startRedis } from "../../../support/redis/redis-server.js";
import { startRegistry, type TestRegistry } from "../../../support/registry/registry.js";
import { registryUser } from "../../../support/registry/registry-user.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { until } from "../../../support/until.js";

const scratch = useScratchDirectory();
const setUp = pathToFileURL(join(import.meta.dirname, "../../../support/spans-to-file.mjs")).href;
const { username, password } = registryUser;

/** Every form in which a secret could stand somewhere. */
function formsOf(secrets: readonly string[]): string[] {
  const forms = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    Buffer.from(secret).toString("base64url"),
    Buffer.from(secret).toString("hex"),
  ]);
  return [...new Set(forms)];
}

function formsFound(text: string, forms: readonly string[]): string[] {
  return forms.filter((form) => text.includes(form));
}

/** All files below a directory, one after the other. */
function filesBelow(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return `${path}\n${readFileSync(path, "latin1")}`;
    })
    .join("\n");
}

/** Everything that is in a Redis, keys and values. */
async function everythingIn(redis: Redis): Promise<string> {
  const readers: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
    string: (key) => redis.get(key),
    hash: (key) => redis.hgetall(key),
    list: (key) => redis.lrange(key, 0, -1),
    set: (key) => redis.smembers(key),
    zset: (key) => redis.zrevrange(key, 0, -1, "WITHSCORES"),
    stream: (key) => redis.xrange(key, "-", "+"),
  };
  const keys = await redis.keys("*");
  expect(keys.length).toBeGreaterThan(5);
  const values = keys.map(async (key) => [key, await readers[await redis.type(key)]?.(key)]);
  // Texts as they stand there, not as JSON escapes them.
  return (await Promise.all(values)).map((value) => JSON.stringify(value).replaceAll('\\"', '"')).join("\n");
}

/** Looks at the arguments of all processes again and again. */
function watchArguments() {
  const seen = new Set<string>();
  let isOver = false;
  const look = async () => {
    while (!isOver) {
      const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
      const lines = ids.map((id) => readFile(`/proc/${id}/cmdline`, "latin1").catch(() => ""));
      for (const line of await Promise.all(lines)) seen.add(line.replaceAll("\0", " "));
      await sleep(20);
    }
  };
  const looking = look();
  return async () => {
    isOver = true;
    await looking;
    return [...seen].join("\n");
  };
}

/** A credential helper that knows the password, which takes its time to be seen, and the file that names it. */
async function makeHelper(directory: string, { host }: TestRegistry) {
  const bin = join(directory, "bin");
  await mkdir(bin);
  const answer = JSON.stringify({ ServerURL: host, Username: username, Secret: password });
  const helper = join(bin, "docker-credential-test");
  writeFileSync(helper, `#!/bin/sh\ncat > /dev/null\nsleep 0.1\ncat <<'END'\n${answer}\nEND\n`);
  await chmod(helper, 0o755);
  const authFile = join(bin, "config.json");
  writeFileSync(authFile, JSON.stringify({ credHelpers: { [host]: "test" } }), { mode: 0o600 });
  return { authFile, path: `${bin}:${process.env.PATH}` };
}

describe.each([
  ["a password", "basic"],
  ["a helper's password", "helper"],
  ["tokens", "token"],
] as const)("pulls and pushes by %s", (_, how) => {
  it("leave neither password nor token anywhere, whether they end well or not", async () => {
    await using registry = await startRegistry(how === "helper" ? "basic" : how);
    await using redis = await startRedis();
    const directory = await scratch.fresh();
    const helped = how === "helper" ? await makeHelper(await scratch.fresh(), registry) : undefined;
    const [root, temporary] = [join(directory, "root"), join(directory, "tmp")];
    await mkdir(temporary);
    makeSmallLayout(join(directory, "layout"));
    const client = new Redis(redis.url);
    const monitor = await client.monitor();
    let commands = "";
    monitor.on("monitor", (_time: string, words: string[]) => {
      commands += `${words.join(" ")}\n`;
    });
    const argumentsSeen = watchArguments();

    const env = {
      ...{ NODE_OPTIONS: `--import=${setUp}`, SPANS_FILE: join(directory, "spans.json"), TMPDIR: temporary },
      ...(helped === undefined ? {} : { PATH: helped.path }),
    };
    const flags = ["--redis", redis.url, "--graph", "secret", "--verbose"];
    const authFile = helped?.authFile ?? registry.authFile ?? "";
    const rules = ["--allow-registry", "127.0.0.1", "--registry-insecure", registry.host];
    const worker = startStevedore(["worker", ...flags, ...rules, "--registry-auth", authFile], { root, env });
    await worker.says(/ serving /);
    let told = "";
    const run = async (code: number, ...args: string[]) => {
      const ended = await runCommand([...args, ...flags], { root });
      told += ended.stdout + ended.stderr;
      expect(ended.code, told).toBe(code);
    };
    const ref = `${registry.host}/team/web:1`;
    await run(0, "import", join(directory, "layout"));
    await run(0, "push", "web:1", ref);
    await run(0, "rm", "web:1");
    await run(0, "gc");
    await run(0, "pull", ref, "--name", "pulled:1");
    // What fails tells why.
    await run(1, "pull", `${registry.host}/team/web:2`);
    registry.tokens?.revoke();
    if (registry.tokens !== undefined) await run(1, "pull", ref, "--name", "other:1");
    await run(0, "jobs");
    const records = await Promise.all(
      (await runCommand(["jobs", "--json", ...flags], { root })).json.map(({ id }: { id: string }) =>
        runCommand(["job", id, ...flags], { root }),
      ),
    );
    told += records.map(({ stdout }) => stdout).join("\n");

    const stored = await everythingIn(client);
    client.disconnect();
    const log = await worker.stop();
    await until("the last command was seen", async () => commands.includes("secret"));
    monitor.disconnect();
    const seen = await argumentsSeen();
    const files = filesBelow(root) + filesBelow(temporary) + filesBelow(join(redis.directory));
    const spans = readFileSync(join(directory, "spans.json"), "utf8");

    const given = registry.tokens?.tokens ?? [];
    expect(given.length > 0).toBe(how === "token");
    // A token's signature is as secret as the whole.
    const signatures = given.map((token) => token.split(".").at(-1) ?? "");
    const forms = formsOf([password, `${username}:${password}`, ...given, ...signatures]);
    // It would be found: the file has it.
    if (helped === undefined) expect(formsFound(readFileSync(authFile, "utf8"), forms)).not.toEqual([]);
    // And these are what they should be.
    expect(stored).toContain(ref);
    expect(commands).toContain(ref);
    expect(log.stderr).toMatch(/store: pull \S+ completed/);
    expect(spans).toContain("pull");
    expect(seen).toContain("--registry-auth");
    expect(told).toContain("SOURCE_NOT_FOUND");
    if (how === "token") expect(told).toContain("SOURCE_FORBIDDEN");
    const everything = { stored, commands, files, spans, seen, told, log: log.stdout + log.stderr };
    for (const [where, text] of Object.entries(everything)) {
      expect(formsFound(text, forms), where).toEqual([]);
    }
  }, 120_000);
});
