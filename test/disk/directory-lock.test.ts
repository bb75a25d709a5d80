import { mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, it } from "vitest";
import { withLock } from "../../src/disk/directory-lock.js";
import { bundle, firstOutput, startNode } from "../support/processes/node-process.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const hold = `
  const { withLock } = await import(process.argv[1]);
  await withLock(process.argv[2], () => {
    console.log("held");
    return new Promise(() => setInterval(() => {}, 1_000));
  });`;
let module: string;

beforeAll(async () => {
  module = await bundle("disk/directory-lock.ts");
});

describe("a lock", () => {
  it("lets one in at a time", async () => {
    const directory = await scratch.fresh();
    let inside = 0;
    const work = async () => {
      inside += 1;
      const seen = inside;
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      return seen;
    };
    const seen = await Promise.all(Array.from({ length: 10 }, () => withLock(directory, work)));
    expect(seen).toEqual(Array.from({ length: 10 }, () => 1));
    expect(readdirSync(directory)).toEqual([]);
  });

  it("is held against other programs as flock(1) sees it, and free afterwards", async () => {
    const directory = await scratch.fresh();
    const tryIt = async () => (await execa("flock", ["-n", directory, "true"], { reject: false })).exitCode;
    expect(await withLock(directory, tryIt)).toBe(1);
    expect(await tryIt()).toBe(0);
  });

  it("is free after work that failed", async () => {
    const directory = await scratch.fresh();
    await expect(withLock(directory, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await withLock(directory, async () => "free")).toBe("free");
  });

  it("is free after its holder was killed", async () => {
    const directory = await scratch.fresh();
    const holder = startNode(hold, module, directory);
    await firstOutput(holder);
    const waiting = withLock(directory, async () => "free");
    holder.kill("SIGKILL");
    await holder.catch(() => undefined);
    expect(await waiting).toBe("free");
  });

  it("is not lost to the signals that stop a service or a terminal's job", async () => {
    const directory = await scratch.fresh();
    await withLock(directory, async () => {
      const { stdout } = await execa("pgrep", ["--parent", `${process.pid}`, "--exact", "cat"]);
      const holders = stdout.split("\n").map(Number);
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
        for (const pid of holders) process.kill(pid, signal);
      }
      expect((await execa("flock", ["-n", directory, "true"], { reject: false })).exitCode).toBe(1);
    });
  });

  it("can be given up while it is waited for", async () => {
    const directory = await scratch.fresh();
    const abort = new AbortController();
    await withLock(directory, async () => {
      const waiting = withLock(directory, async () => "in", abort.signal);
      abort.abort();
      await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
    });
    expect(await withLock(directory, async () => "free")).toBe("free");
  });

  it("is not lost to a signal that comes while the work runs", async () => {
    const directory = await scratch.fresh();
    const abort = new AbortController();
    const work = async () => {
      abort.abort();
      return (await execa("flock", ["-n", directory, "true"], { reject: false })).exitCode;
    };
    expect(await withLock(directory, work, abort.signal)).toBe(1);
  });

  it("on a directory that is not there is refused, and makes nothing", async () => {
    const parent = await scratch.fresh();
    await expect(withLock(join(parent, "missing"), async () => {})).rejects.toMatchObject({ code: "ENOENT" });
    expect(readdirSync(parent)).toEqual([]);
  });

  it("on a directory that its holder removes is refused to those who waited", async () => {
    const directory = join(await scratch.fresh(), "short-lived");
    mkdirSync(directory);
    let waiting: Promise<unknown> = Promise.resolve();
    await withLock(directory, async () => {
      waiting = withLock(directory, async () => "in");
      waiting.catch(() => undefined);
      rmdirSync(directory);
    });
    await expect(waiting).rejects.toMatchObject({ code: "ENOENT" });
  });
});
