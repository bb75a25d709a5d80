// The Redis that commands run themselves: there when it is needed, gone when it is not, whatever ends a command.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { beforeAll, describe, expect, it } from "vitest";
import { holdEmbeddedRedis } from "../../../src/cli/embedded/embedded-redis.js";
import { processesOf } from "../../chaos/auditor/host-audit.js";
import { runCommand } from "../../support/processes/command.js";
import { shell } from "../../support/processes/shell.js";
import {
  type Ended,
  noRedisRuns,
  serveRoot,
  startStevedore,
  stevedore,
} from "../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { archive, entry } from "../../support/trees/crafted-tar.js";

const scratch = useScratchDirectory({ inMemory: true });
let small: string;
/** Enough that work on it can be interrupted: random bytes, which compressors take their time for. */
let large: string;

beforeAll(async () => {
  small = join(scratch.path, "small.tar");
  writeFileSync(small, archive(entry({ name: "a" }, "a")));
  large = join(scratch.path, "large.tar");
  await shell(
    "mkdir large && cd large && head -c 6M /dev/urandom > random && seq 3000 | xargs touch && tar -cf ../large.tar .",
    { cwd: scratch.path },
  );
});

describe("a command without a Redis URL", () => {
  it("leaves no Redis behind, whether it does its work or fails", async () => {
    const root = join(scratch.path, "clean");
    expect((await stevedore(["store", small, "--id", "a"], { root })).code).toBe(0);
    expect(noRedisRuns(root)).toBe(true);
    expect((await stevedore(["store", small, "--id", "a"], { root })).code).toBe(1);
    expect(noRedisRuns(root)).toBe(true);
  });

  it("may work at once, though another command has worked just before and is gone", async () => {
    const root = join(scratch.path, "one after the other");
    for (let turn = 0; turn < 2; turn++) {
      const redis = await holdEmbeddedRedis(root);
      expect([redis.started, await redis.mayServe(), await redis.mayServe()]).toEqual([true, true, false]);
      await redis.release();
    }
  });

  it("works in a root of any name, however long, and two roots do not disturb each other", async () => {
    const long = join(scratch.path, "a root with blanks äöü", "long ".repeat(30).trim());
    const other = join(scratch.path, "other");
    const results = await Promise.all([
      stevedore(["store", small, "--id", "a", "--json"], { root: long }),
      stevedore(["store", small, "--id", "a", "--json"], { root: other }),
    ]);
    for (const { code, json } of results)
      expect({ code, json }).toMatchObject({ code: 0, json: { stored: true } });
    for (const root of [long, other]) {
      expect((await stevedore(["jobs", "--json"], { root })).json).toHaveLength(1);
      expect(noRedisRuns(root)).toBe(true);
    }
  });

  it("decides a race for one id: one stores it, the others are told", async () => {
    const root = join(scratch.path, "race");
    const store = (ifExists: string, run: typeof runCommand) =>
      run(["store", small, "--id", "contested", "--if-exists", ifExists, "--json"], { root });
    // Half of each kind have a process of their own.
    const contenders = Array.from({ length: 20 }, (_, at) =>
      store(at % 2 === 0 ? "fail" : "skip", at % 4 < 2 ? stevedore : runCommand),
    );
    const ended = await Promise.all(contenders);
    expect(ended.filter(({ json }) => json.stored === true)).toHaveLength(1);
    for (const [at, { code, json }] of ended.entries()) {
      if (json.stored === true) continue;
      if (at % 2 === 0)
        expect({ code, json }).toMatchObject({ code: 1, json: { error: { code: "IMAGE_EXISTS" } } });
      else expect({ code, json }).toMatchObject({ code: 0, json: { id: "contested", stored: false } });
    }
    expect(noRedisRuns(root)).toBe(true);
    expectNothingUnfinished(root, ["contested"]);
  });
});

describe("Ctrl-C", () => {
  it("ends a store that still reads its source, with 130", async () => {
    const root = join(scratch.path, "reading");
    await mkdir(root);
    const endless = new Readable({ read() {} });
    const running = startStevedore(["store", "-", "--json"], { root, stdin: endless });
    endless.push(archive(entry({ name: "a" }, "a")));
    await untilHolds(join(root, "inbox"));
    expectInterrupted(await running.stop("SIGINT"));
    expectNothingUnfinished(root, []);
    expect(noRedisRuns(root)).toBe(true);
  });

  it("ends a checksum that runs, with 130, and its job does not haunt the next command", async () => {
    const root = join(scratch.path, "interrupted");
    expect((await runCommand(["store", large, "--id", "large"], { root })).code).toBe(0);
    const running = startStevedore(["checksum", "large", "--verbose", "--json"], { root });
    await running.says(/is active/);
    expectInterrupted(await running.stop("SIGINT"));
    expect(noRedisRuns(root)).toBe(true);
    const { json } = await runCommand(["jobs", "--json"], { root });
    expect(json.map(({ name, state }: { name: string; state: string }) => [name, state])).toEqual([
      ["store", "completed"],
    ]);
  });
});

describe("kill -9", () => {
  it("of a store leaves all of the image or nothing, and the next command works", async () => {
    const root = join(scratch.path, "killed");
    const running = startStevedore(["store", large, "--id", "large", "--verbose"], { root });
    await running.says(/is active/);
    expect((await running.stop("SIGKILL")).code).toBe(null);
    const next = await runCommand(["store", small, "--id", "small", "--json"], { root });
    expect(next).toMatchObject({ code: 0, json: { id: "small", stored: true } });
    const { json } = await runCommand(["images", "--json"], { root });
    const ids = json.map(({ id }: { id: string }) => id);
    expect([["small"], ["large", "small"]]).toContainEqual(ids);
    expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
    expect(noRedisRuns(root)).toBe(true);
  });
});

describe("stevedore up", () => {
  it("serves the other commands of its root, and ends cleanly on SIGTERM", async () => {
    const root = join(scratch.path, "up");
    const up = await serveRoot(root, ["--json"]);
    const stored = await runCommand(["store", small, "--id", "a", "--json"], { root });
    expect(stored).toMatchObject({ code: 0, json: { id: "a" } });
    await up.says(/store: store \S+ completed/);
    const ended = await up.stop();
    expect(ended).toMatchObject({
      code: 0,
      json: { root, graph: "default", redis: join(root, "run/redis.sock") },
    });
    expect(noRedisRuns(root)).toBe(true);
  });

  it("puts a running job back when it ends, and the command that waits for it does it itself", async () => {
    const root = join(scratch.path, "handover");
    const up = await serveRoot(root, ["--grace", "0"]);
    expect((await runCommand(["store", large, "--id", "large"], { root })).code).toBe(0);
    const waiting = startStevedore(["checksum", "large", "--recipe", "xz-1", "--verbose", "--json"], {
      root,
    });
    await waiting.says(/is active/);
    expect((await up.stop()).code).toBe(0);
    const { code, json } = await waiting.ended;
    expect({ code, json }).toMatchObject({
      code: 0,
      json: { checksums: [{ id: "large", cached: false }], failed: [] },
    });
    expect(noRedisRuns(root)).toBe(true);
    expectNothingUnfinished(root, ["large"]);
  });

  it("starts its Redis again when that is killed, with the jobs it held, and stops the new one in the end", async () => {
    const root = join(scratch.path, "revived");
    const up = await serveRoot(root);
    expect((await runCommand(["store", small, "--id", "a"], { root })).code).toBe(0);
    // It works in the root's `queue`.
    const [pid = 0] = processesOf(root).filter((each) => each !== up.process.pid);
    expect(readFileSync(`/proc/${pid}/comm`, "utf8")).toMatch(/^(redis|valkey)-server/);
    process.kill(pid, "SIGKILL");
    await up.says(/the embedded Redis of .* had died: started it again/);
    expect((await runCommand(["store", small, "--id", "b"], { root })).code).toBe(0);
    await up.says(/(store: store \S+ completed[\s\S]*){2}/);
    expect((await runCommand(["jobs", "--json"], { root })).json).toHaveLength(2);
    expect((await up.stop()).code).toBe(0);
    expect(noRedisRuns(root)).toBe(true);
  });

  it("keeps serving when a second one comes and goes", async () => {
    const root = join(scratch.path, "two");
    const first = await serveRoot(root);
    const second = await serveRoot(root);
    expect((await second.stop()).code).toBe(0);
    expect((await runCommand(["store", small, "--id", "a"], { root })).code).toBe(0);
    await first.says(/store: store \S+ completed/);
    expect((await first.stop()).code).toBe(0);
    expect(noRedisRuns(root)).toBe(true);
  });
});

function expectInterrupted({ code, json, stderr }: Ended): void {
  expect({ code, json }).toEqual({
    code: 130,
    json: { error: { code: "CANCELLED", message: "interrupted" } },
  });
  expect(stderr).toContain("stevedore: interrupted\n");
}

function expectNothingUnfinished(root: string, images: readonly string[]): void {
  expect(readdirSync(join(root, "inbox"))).toEqual([]);
  if (images.length > 0) expect(readdirSync(join(root, "graph")).sort()).toEqual([":tmp:", ...images]);
  if (images.length > 0) expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
}

/** Resolves when a directory that need not be there yet holds something. */
async function untilHolds(directory: string): Promise<void> {
  const { watch } = await import("node:fs");
  const holds = (path: string) => {
    try {
      return readdirSync(path).length > 0;
    } catch {
      return false;
    }
  };
  await new Promise<void>((resolve) => {
    const above = watch(join(directory, ".."), look);
    let inside: ReturnType<typeof watch> | undefined;
    function look() {
      try {
        inside ??= watch(directory, look);
      } catch {
        return;
      }
      if (!holds(directory)) return;
      above.close();
      inside.close();
      resolve();
    }
    look();
  });
}
