// stevedore doctor, and what the other commands say of a program that is missing.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { beforeAll, describe, expect, it } from "vitest";
import { compressorKeys, workerStatusKeys } from "../../../../src/jobs/index.js";
import { runCommand } from "../../../support/processes/command.js";
import { pathWithout } from "../../../support/processes/path-without.js";
import { noRedisRuns } from "../../../support/processes/stevedore.js";
import { tellOfCompressor } from "../../../support/redis/compressor-status.js";
import { freePort, startRedis } from "../../../support/redis/redis-server.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { archive, entry } from "../../../support/trees/crafted-tar.js";

const scratch = useScratchDirectory({ inMemory: true });
let file: string;
let root: string;

beforeAll(async () => {
  root = await scratch.fresh();
  file = join(scratch.path, "a.tar");
  writeFileSync(file, archive(entry({ name: "a" }, "a")));
});

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly needed: boolean;
  readonly fix: string | null;
}

describe("stevedore doctor", () => {
  it("finds all that is needed on this host, and changes nothing", async () => {
    const missing = join(scratch.path, "not-yet");
    const { code, json, stdout } = await runCommand(["doctor", "--json"], { root: missing });
    expect({ code, missing: json.filter(({ ok, needed }: Finding) => needed && !ok) }, stdout).toEqual({
      code: 0,
      missing: [],
    });
    expect(json[0]).toEqual({ name: "node", needed: true, ok: true, found: process.version, fix: null });
    expect((await runCommand(["images", "--json"], { root: missing })).json.error.code).toBe(
      "SOURCE_NOT_FOUND",
    );
  });

  it("tells of the credentials for registries, but not what they are", async () => {
    const directory = await scratch.fresh();
    const path = join(directory, "config.json");
    const env = { DOCKER_CONFIG: directory };
    const finding = async () => {
      const { stdout, json } = await runCommand(["doctor", "--json"], { root, env });
      expect(stdout).not.toContain("c2VjcmV0");
      return json.find(({ name }: Finding) => name.startsWith("registries"));
    };
    expect(await finding()).toMatchObject({ ok: true, needed: false, found: `no credentials in ${path}` });
    const auths = { "https://index.docker.io/v1/": { auth: "c2VjcmV0" } };
    writeFileSync(path, JSON.stringify({ auths, credHelpers: { "gcr.io": "gcloud" } }), { mode: 0o600 });
    const found = `${path} has credentials for docker.io, gcr.io`;
    expect(await finding()).toMatchObject({ ok: true, found, fix: null });
    chmodSync(path, 0o644);
    expect(await finding()).toMatchObject({ ok: false, fix: expect.stringContaining(`chmod 0600 ${path}`) });
    writeFileSync(path, '{"auths": {"a": {"auth": "c2VjcmV0"');
    expect(await finding()).toMatchObject({ ok: false, found: expect.stringContaining("not a config.json") });
  });

  it("tells of a Redis that drops jobs, or loses them when it restarts", async () => {
    await using redis = await startRedis();
    const findings = async () => {
      const { code, json } = await runCommand(["doctor", "--json", "--redis", redis.url], { root });
      const ofRedis = json.filter(({ name }: Finding) => name.startsWith("redis: "));
      return {
        code,
        wrong: ofRedis.filter(({ ok }: Finding) => !ok),
        names: ofRedis.map(({ name }: Finding) => name),
      };
    };
    expect(await findings()).toEqual({
      code: 0,
      wrong: [],
      names: ["redis: evictions", "redis: persistence", "redis: clock"],
    });
    await redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    expect(await findings()).toMatchObject({
      code: 1,
      wrong: [{ name: "redis: evictions", fix: "set maxmemory-policy noeviction" }],
    });
    await redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
    await redis.command("CONFIG", "SET", "appendonly", "no");
    expect(await findings()).toMatchObject({ code: 0, wrong: [{ name: "redis: persistence" }] });
  });

  it("tells of compressors, and of those that do not belong", async () => {
    await using redis = await startRedis();
    const client = new Redis(redis.url);
    const finding = async () => {
      const { json } = await runCommand(["doctor", "--json", "--redis", redis.url], { root });
      return json.find(({ name }: Finding) => name === "compressors");
    };
    const fine = { needed: false, ok: true, fix: null };
    expect(await finding()).toMatchObject({ ...fine, found: "none: workers compress alone" });

    const library = { name: "lzma-native", version: "5.2.3" } as const;
    await tellOfCompressor(client, "default", "a");
    await tellOfCompressor(client, "default", "b", { engine: library, slots: { total: 8, busy: 0 } });
    const found = "2, 3 of 12 slots busy, Stevedore 0.1.0, lzma-native 5.2.3 and xz 5.4.1";
    expect(await finding()).toMatchObject({ ...fine, found });

    await tellOfCompressor(client, "default", "c", {
      host: "bad\n1",
      engine: { name: "xz", version: "5.6.1" },
    });
    await client.set(compressorKeys("default").refusal("a"), "it made other bytes");
    await tellOfWorker(client, "0.1.0");
    await tellOfCompressor(client, "default", "d", { host: "old", version: "0.0.9" });
    expect(await finding()).toMatchObject({
      ...{ needed: false, ok: false, fix: "upgrade or stop those compressors" },
      found: expect.stringMatching(
        /^helper is shut out: it made other bytes; bad\\u000a1 has liblzma 5\.6\.1, .*; old has Stevedore 0\.0\.9, the workers 0\.1\.0$/,
      ),
    });
    client.disconnect();
  });

  it.each([
    {
      absent: ["redis-server", "valkey-server"],
      code: 1,
      finding: "queue",
      fix: "apt-get install redis-server",
    },
    { absent: ["tar"], code: 1, finding: "tar ", fix: "apt-get install tar" },
    { absent: ["flock"], code: 1, finding: "flock ", fix: "apt-get install util-linux" },
    { absent: ["xz"], code: 0, finding: "xz (", fix: "apt-get install xz-utils" },
    { absent: ["bsdtar"], code: 0, finding: "bsdtar ", fix: "apt-get install libarchive-tools" },
  ])("tells that $absent is missing, and which package brings it", async ({ absent, code, finding, fix }) => {
    const PATH = pathWithout(await scratch.fresh(), ...absent);
    const json = await runCommand(["doctor", "--json"], { root, env: { PATH } });
    expect(json.code).toBe(code);
    const found = json.json.filter(({ ok }: Finding) => !ok);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ name: expect.stringContaining(finding), needed: code === 1 });
    expect(found[0].fix).toContain(fix);
  });

  it("finds that nobody listens at a Redis URL", async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const { code, stdout } = await runCommand(["doctor", "--redis", url], { root });
    expect(code).toBe(1);
    expect(stdout).toMatch(/MISSING +queue: .*127\.0\.0\.1/);
  });
});

/** Writes the status of a worker of this version. */
async function tellOfWorker(redis: Redis, version: string): Promise<void> {
  const status = {
    ...{ id: "w", host: "w", graphId: "g", pid: 1, version, startedAt: 1, at: 1, disk: null, metrics: [] },
    ...{ threads: { total: 1, busy: 0 }, queues: {} },
  };
  const keys = workerStatusKeys("default");
  await redis.set(keys.of("w"), JSON.stringify(status));
  await redis.zadd(keys.ids, Date.now(), "w");
}

describe("a program that is missing", () => {
  it.each(["redis-server", "tar", "flock"])("is named by store: %s", async (program) => {
    const PATH = pathWithout(await scratch.fresh(), program, "valkey-server");
    const refused = await runCommand(["store", file, "--json"], { root, env: { PATH } });
    expect(refused).toMatchObject({ code: 1, json: { error: { code: "TOOL_MISSING" } } });
    expect(refused.stderr).toContain(`${program} is not installed`);
    expect(noRedisRuns(root)).toBe(true);
    // Not left to whoever comes next, either.
    const { json } = await runCommand(["jobs", "--json"], { root });
    expect(json).toEqual([]);
  });
});
