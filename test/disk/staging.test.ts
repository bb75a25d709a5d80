import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { execa } from "execa";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  currentOwner,
  formatOwner,
  type Owner,
  ownerStatus,
  parseOwner,
  parseStat,
} from "../../src/disk/process-owner.js";
import { removeAbandonedStaging, removeTree, stagingPath } from "../../src/disk/staging.js";
import { openGraph } from "../../src/graph/index.js";
import { bundle, firstOutput, startNode } from "../support/processes/node-process.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const random = "0123456789abcdef";
const otherBoot = "00000000-0000-4000-8000-000000000000";
const host = "web-1.example";
let module: string;

beforeAll(async () => {
  module = await bundle("graph/index.ts");
});

/** A graph's directory with staging of these names, each with a file and a link in it. */
async function graphWithStaging(...names: string[]): Promise<string> {
  const directory = join(await scratch.fresh(), "graph");
  for (const name of names) {
    mkdirSync(join(directory, ":tmp:", name, "layer"), { recursive: true });
    writeFileSync(join(directory, ":tmp:", name, "layer/file"), "");
    symlinkSync("/", join(directory, ":tmp:", name, "layer/link"));
  }
  return directory;
}

describe("abandoned staging", () => {
  it("of a killed process is removed, and not before it is killed", async () => {
    const { root, directory } = await openGraph(await scratch.fresh(), { create: true });
    const program = `
      const { openGraph, makeRecord } = await import(process.argv[1]);
      const graph = await openGraph(process.argv[2]);
      await graph.register({ record: makeRecord({ id: "image" }) }, () => {
        console.log("filling");
        return new Promise(() => setInterval(() => {}, 1_000));
      });`;
    const child = startNode(program, module, root);
    await firstOutput(child);
    const staged = readdirSync(join(directory, ":tmp:"));
    expect(staged).toHaveLength(1);
    expect(await removeAbandonedStaging({ directory, host })).toEqual([]);
    expect(readdirSync(join(directory, ":tmp:"))).toEqual(staged);

    child.kill("SIGKILL");
    await child.catch(() => undefined);
    expect(await removeAbandonedStaging({ directory, host })).toEqual([
      join(directory, ":tmp:", `${staged[0]}`),
    ]);
    expect(readdirSync(join(directory, ":tmp:"))).toEqual([]);
    expect(readdirSync(directory)).toEqual([":tmp:"]);
  });

  it("is that of another boot, and of a process whose number another has now", async () => {
    const owner = await currentOwner();
    const rebooted = { ...owner, bootId: otherBoot };
    const reused = { ...owner, startTime: "1" };
    const names = [owner, rebooted, reused].map((each) => `${formatOwner(each)}-${random}`);
    const directory = await graphWithStaging(...names);
    const removed = await removeAbandonedStaging({ directory, host });
    expect(removed.sort()).toEqual(
      names
        .slice(1)
        .sort()
        .map((name) => join(directory, ":tmp:", name)),
    );
    expect(readdirSync(join(directory, ":tmp:"))).toEqual([names[0]]);
  });

  it("is not that of another pid namespace, where the process cannot be seen", async () => {
    const owner = { ...(await currentOwner()), pidNamespace: "1", pid: 1, startTime: "1" };
    const directory = await graphWithStaging(`${formatOwner(owner)}-${random}`);
    expect(await removeAbandonedStaging({ directory, host })).toEqual([]);
  });

  it("is that of another boot of the same host, and not that of another host", async () => {
    const owner = { ...(await currentOwner(host)), bootId: otherBoot };
    const names = [owner, { ...owner, host: "web-2" }, { ...owner, host: `${host}-${random}` }].map(
      (each) => `${formatOwner(each)}-${random}`,
    );
    const directory = await graphWithStaging(...names);
    expect(await removeAbandonedStaging({ directory, host })).toEqual([
      join(directory, ":tmp:", `${names[0]}`),
    ]);
    expect(readdirSync(join(directory, ":tmp:")).sort()).toEqual(names.slice(1).sort());
    expect(await removeAbandonedStaging({ directory, host: "web-2" })).toHaveLength(1);
    expect(readdirSync(join(directory, ":tmp:"))).toEqual([names[2]]);
  });

  it("is, on the same boot, that of a process that has ended, whatever its host is called", async () => {
    const owner = await currentOwner("web-2");
    const names = [owner, { ...owner, startTime: "1" }].map((each) => `${formatOwner(each)}-${random}`);
    const directory = await graphWithStaging(...names);
    expect(await removeAbandonedStaging({ directory, host })).toEqual([
      join(directory, ":tmp:", `${names[1]}`),
    ]);
  });

  it("is not what others left there", async () => {
    const names = ["27cf784147099545", "a".repeat(64), `x-${random}`, "123-0123456789abcdef"];
    const directory = await graphWithStaging(...names);
    expect(await removeAbandonedStaging({ directory, host })).toEqual([]);
    expect(readdirSync(join(directory, ":tmp:")).sort()).toEqual([...names].sort());
  });

  it("is removed once by two that start at the same time", async () => {
    const gone: Owner = { ...(await currentOwner()), startTime: "1" };
    const names = Array.from({ length: 5 }, (_, n) => `${formatOwner(gone)}-000000000000000${n}`);
    const directory = await graphWithStaging(...names);
    const removed = await Promise.all([
      removeAbandonedStaging({ directory, host }),
      removeAbandonedStaging({ directory, host }),
    ]);
    expect(removed.flat().sort()).toEqual(names.map((name) => join(directory, ":tmp:", name)));
    expect(readdirSync(join(directory, ":tmp:"))).toEqual([]);
  });

  it("is none where there is no graph", async () => {
    const directory = join(await scratch.fresh(), "graph");
    expect(await removeAbandonedStaging({ directory, host })).toEqual([]);
  });
});

describe("the owner of staging", () => {
  it("is read back from the name it gives", async () => {
    const owner = await currentOwner(host);
    expect(owner.host).toBe(host);
    expect(parseOwner(formatOwner(owner))).toEqual(owner);
    const path = await stagingPath({ directory: await scratch.fresh(), host });
    expect(path).toContain(`/${formatOwner(owner)}-`);
  });

  it("is read from a name that tells of no host", async () => {
    const { host: _, ...nameless } = await currentOwner(host);
    expect(parseOwner(formatOwner(nameless))).toEqual(nameless);
  });

  it("is not found in other names", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (name) => parseOwner(name) === undefined));
  });

  it("has the boot, number and start time that the kernel gives", async () => {
    const owner = await currentOwner();
    expect(owner.bootId).toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
    expect(owner.pid).toBe(process.pid);
    const { stdout } = await execa("cut", ["-d", ")", "-f", "2-", `/proc/${process.pid}/stat`]);
    expect(owner.startTime).toBe(stdout.trim().split(" ")[19]);
    expect(await ownerStatus(owner, host)).toBe("lives");
  });

  it("is gone when it has ended, though its parent has not yet noticed", async () => {
    // The shell puts itself to sleep as another program, which does not wait for the shell's child; only then that ends.
    const script = 'cat <&3 & echo "$!"; exec sleep 60';
    const shell = execa("sh", ["-c", script], { stdio: ["ignore", "pipe", "pipe", "pipe"], buffer: false });
    const pid = Number(
      await new Promise<string>((resolve) => shell.stdout.once("data", (data) => resolve(`${data}`))),
    );
    await expect.poll(() => readFileSync(`/proc/${shell.pid}/comm`, "latin1")).toBe("sleep\n");
    // A pipe goes both ways; the types of execa know of one.
    (shell.stdio[3] as unknown as Writable).end();
    const stat = () => parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
    await expect.poll(() => stat()?.ended).toBe(true);
    const owner = { ...(await currentOwner()), pid, startTime: stat()?.startTime ?? "" };
    expect(await ownerStatus(owner, host)).toBe("gone");
    shell.kill();
    await shell.catch(() => undefined);
  });

  it("may run under a name with spaces and parentheses", () => {
    const rest = `S ${Array.from({ length: 49 }, (_, n) => n + 4).join(" ")}`;
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), (name) => {
        expect(parseStat(`42 (${name}) ${rest}\n`)).toEqual({ ended: false, startTime: "22" });
      }),
    );
    expect(parseStat("42 (x) Z 1")).toBeUndefined();
  });
});

describe("removing a tree", () => {
  it("copes with directories that their owner may not enter", async () => {
    const directory = await scratch.fresh();
    const removal = await bundle("disk/staging.ts");
    const script = "mkdir -p a/b/c && touch a/b/c/f && chmod -R 0 a && chown -R 65534 . && chmod 777 .";
    await execa("sh", ["-c", script], { cwd: directory });
    await execa("chmod", ["-R", "a+rX", scratch.path]);
    const program = `
      process.setuid(65534);
      const { removeTree } = await import(process.argv[1]);
      await removeTree(process.argv[2]);`;
    await startNode(program, removal, join(directory, "a"));
    expect(readdirSync(directory)).toEqual([]);
  });

  it("that is not there is no error", async () => {
    await removeTree(join(await scratch.fresh(), "missing"));
  });
});
