// The two packages as `npm run pack` writes them, unpacked where an installation would put them: `npm run check:install`
// installs them for real.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withForeignWorker } from "../support/redis/foreign-worker.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { compilePrograms, loadBoth, project, runPrograms, writePrograms } from "./consumer.js";
import { startInstalled } from "./installed-worker.js";

const scratch = useScratchDirectory();
let packed = "";
let redis: TestDatabase;

beforeAll(async () => {
  packed = await scratch.fresh();
  redis = await openDatabase();
  await execa("node", ["scripts/pack.mjs", "--as-built", packed], { cwd: project });
});
afterAll(() => redis?.[Symbol.asyncDispose]());

it("npm pack builds what is not built", async () => {
  const { scripts } = JSON.parse(await readFile(join(project, "package.json"), "utf8"));
  expect(scripts.prepack).toBe("node scripts/build.mjs --if-stale");
});

it("npm run pack writes both", async () => {
  const { version } = JSON.parse(await readFile(join(project, "package.json"), "utf8"));
  expect((await readdir(packed)).sort()).toEqual([
    `stevedore-graph-${version}.tgz`,
    `stevedore-producer-${version}.tgz`,
  ]);
});

describe.each(["stevedore-producer", "stevedore-graph"])("%s", (name) => {
  let consumer = "";
  let manifest: {
    readonly dependencies: Readonly<Record<string, string>>;
    readonly scripts?: Readonly<Record<string, string>>;
    readonly exports: Readonly<Record<string, unknown>>;
  };

  beforeAll(async () => {
    consumer = await scratch.fresh();
    const home = await unpack(name, consumer);
    manifest = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
    for (const dependency of Object.keys(manifest.dependencies)) {
      const place = join(consumer, "node_modules", dependency);
      await mkdir(dirname(place), { recursive: true });
      await symlink(join(project, "node_modules", dependency), place);
    }
    await writePrograms(consumer, name);
  });

  it("has all files that its entries name", async () => {
    const home = join(consumer, "node_modules", name);
    const files = [...JSON.stringify(manifest.exports).matchAll(/:"(\.\/[^"*]+)"/g)].map(
      ([, file = ""]) => file,
    );
    expect(files.length).toBeGreaterThan(7);
    expect(files.filter((file) => !existsSync(join(home, file)))).toEqual([]);
  });

  it("runs nothing when it is installed", () => {
    const run = ["preinstall", "install", "postinstall", "prepare"];
    expect(Object.keys(manifest.scripts ?? {}).filter((script) => run.includes(script))).toEqual([]);
  });

  it("loads no native code but the optional addon of BullMQ's msgpackr", async () => {
    const loaded = await nativeCode(consumer, name);
    expect(loaded.filter((path) => !path.includes("/node_modules/@msgpackr-extract/"))).toEqual([]);
    expect(await nativeCode(consumer, name, { MSGPACKR_NATIVE_ACCELERATION_DISABLED: "true" })).toEqual([]);
  });

  it("is loaded by import and by require, with the same names, schemas and errors", async () => {
    expect(await loadBoth(consumer)).toEqual({
      ...{ sameNames: true, sameJobs: true, schema: "object" },
      // In stevedore-graph `import` shares its errors with the worker's and the graph's, which are ESM alone.
      oneClass: name === "stevedore-producer",
    });
  });

  // The worker and the server are in one of them.
  if (name === "stevedore-graph") {
    it("serves its pages with what it depends on", async () => {
      const main = join(consumer, "node_modules", name, "dist/cli/main.js");
      await using _server = await startInstalled(main, {
        ...{ directory: consumer, redis: redis.url, graph: "served", env: process.env },
      });
    });
  }

  it("has types for both kinds of modules, and runs as they say", async () => {
    await compilePrograms(consumer, { isQuick: true });
    await withForeignWorker(redis.url, async (producer, serve) => {
      serve(async ({ data }) => ({ id: data.id, checksum: "sha256:0" }));
      const graph = graphOf(
        await producer.enqueue("checksum", { id: "first" }, { jobId: `first-${name}` }),
        await redis.command("KEYS", "*"),
      );
      const printed = await runPrograms(consumer, [redis.url, graph]);
      expect(printed).toEqual({
        "module.mts": "sha256:0",
        "commonjs.cts": "sha256:0",
        "require.cts": "sha256:0",
      });
    });
  });
});

describe("stevedore-producer", () => {
  it("says that traces need another package", async () => {
    const consumer = await scratch.fresh();
    await unpack("stevedore-producer", consumer);
    for (const dependency of ["bullmq", "ioredis", "zod"]) {
      await symlink(join(project, "node_modules", dependency), join(consumer, "node_modules", dependency));
    }
    const program =
      'require("stevedore-producer").telemetryIfAsked().catch(({ code, message }) => console.log(code, message))';
    const { stdout } = await execa("node", ["--eval", program], {
      cwd: consumer,
      env: { STEVEDORE_TRACES: "1" },
    });
    expect(stdout).toBe("INVALID_OPTION traces are asked for: they need the package bullmq-otel");
  });

  it("depends on bullmq, ioredis and zod alone", async () => {
    const consumer = await scratch.fresh();
    const home = await unpack("stevedore-producer", consumer);
    const manifest = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
    expect(Object.keys(manifest.dependencies)).toEqual(["bullmq", "ioredis", "zod"]);
    expect(manifest.os).toBeUndefined();
    expect(await readFile(join(home, "commonjs/LICENCES.txt"), "utf8")).toMatch(
      /^== cluster-key-slot .*Apache-2.0/,
    );
  });
});

/** The files of native code that a process has loaded that has asked Redis something. */
async function nativeCode(cwd: string, entry: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const program = `
    const { openProducer } = await import("${entry}");
    const producer = openProducer({ redis: "${redis.url}" });
    await producer.counts();
    await producer.close();
    console.log(JSON.stringify(process.report.getReport().sharedObjects.filter((path) => path.endsWith(".node"))));
  `;
  const { stdout } = await execa("node", ["--input-type=module", "--eval", program], { cwd, env });
  return JSON.parse(stdout);
}

/** Unpacks a package into the `node_modules` of a project. @returns where it lies */
async function unpack(name: string, consumer: string): Promise<string> {
  const home = join(consumer, "node_modules", name);
  await mkdir(home, { recursive: true });
  const archive = (await readdir(packed)).find(
    (file) => file.startsWith(`${name}-0`) || file.startsWith(`${name}-1`),
  );
  await execa("tar", ["-xzf", join(packed, archive ?? ""), "--strip-components=1", "-C", home]);
  return home;
}

/** The graph that a job was enqueued for, by its keys. */
function graphOf({ id }: { readonly id: string }, keys: unknown): string {
  const key = (keys as string[]).find((name) => name.endsWith(`:${id}`)) ?? "";
  return /^\{stevedore:([^}]+)\}/.exec(key)?.[1] ?? "";
}
