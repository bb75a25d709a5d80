// Who is at which work: one at a time, of all processes of a root, and nobody waits for the dead.
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { currentOwner, formatOwner, type Owner } from "../../../src/disk/index.js";
import { type Claims, openClaims, removeAbandonedBlockFiles } from "../../../src/graph/index.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const work = "xz-1:image";
const random = "0123456789abcdef";
const { signal } = new AbortController();
const nothing = async () => undefined;

/** A process of its own as far as claims are concerned: it knows of no other but by the disk. */
function openAsProcess(root: string, patience?: number): Claims {
  return openClaims({ root, host: "here" }, patience);
}

function claimPath(root: string): string {
  return join(root, "blocks", `${work}.claim`);
}

/** A claim leads nowhere. */
function isClaimed(root: string): boolean {
  return lstatSync(claimPath(root), { throwIfNoEntry: false }) !== undefined;
}

/** Claims the work for a process of that kind, and opens the root as another. */
async function claimedBy(owner: Partial<Owner>, patience?: number) {
  const root = await scratch.fresh();
  mkdirSync(join(root, "blocks"));
  const whole = { ...(await currentOwner("here")), ...owner };
  symlinkSync(`${formatOwner(whole)}-${random}`, claimPath(root));
  return { root, claims: openAsProcess(root, patience) };
}

/** Begins work that lasts until it is ended. */
async function begin(claims: Claims) {
  let end = (_result: string) => {};
  let fail = (_error: Error) => {};
  let lasting: Promise<unknown> = Promise.resolve();
  await new Promise<void>((begun) => {
    const make = () =>
      new Promise<string>((resolve, reject) => {
        [end, fail] = [resolve, reject];
        begun();
      });
    lasting = claims.findOrMake(work, nothing, make, signal);
    lasting.catch(() => undefined);
  });
  return { end, fail, lasting };
}

/** The number of a process that has ended. */
function endedPid(): number {
  return Number(execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }));
}

it("work that nobody is at is done under a claim, which is gone then", async () => {
  const root = await scratch.fresh();
  const claims = openAsProcess(root);
  const make = async () => {
    expect(readdirSync(join(root, "blocks"))).toEqual([`${work}.claim`]);
    return 1;
  };
  expect(await claims.findOrMake(work, nothing, make, signal)).toEqual({ made: 1 });
  const fail = () => Promise.reject(new Error("failed"));
  await expect(claims.findOrMake(work, nothing, fail, signal)).rejects.toThrow("failed");
  expect(readdirSync(join(root, "blocks"))).toEqual([]);
});

it("what is found is not made, and nothing is written for it", async () => {
  const root = await scratch.fresh();
  const make = () => Promise.reject(new Error("made"));
  expect(await openAsProcess(root).findOrMake(work, async () => 2, make, signal)).toEqual({ found: 2 });
  expect(existsSync(join(root, "blocks"))).toBe(false);
});

it("of many, in several processes, one makes it and the others find it", async () => {
  const root = await scratch.fresh();
  const processes = Array.from({ length: 3 }, () => openAsProcess(root));
  let [result, made, atWork]: [number | undefined, number, number] = [undefined, 0, 0];
  const make = async () => {
    expect(++atWork).toBe(1);
    await sleep(30);
    atWork--;
    result = ++made;
    return result;
  };
  const ask = (claims: Claims) =>
    claims.findOrMake(work, async () => result, make, new AbortController().signal);
  const answers = await Promise.all([...processes, ...processes, ...processes].map(ask));
  expect(made).toBe(1);
  expect(answers.filter((answer) => "made" in answer)).toHaveLength(1);
  expect(readdirSync(join(root, "blocks"))).toEqual([]);
});

it("work that is asked for without looking is done by one after the other", async () => {
  const root = await scratch.fresh();
  let [made, atWork] = [0, 0];
  const make = async () => {
    expect(++atWork).toBe(1);
    await sleep(10);
    atWork--;
    return ++made;
  };
  const processes = [openAsProcess(root), openAsProcess(root)];
  await Promise.all(
    [...processes, ...processes].map((claims) => claims.findOrMake(work, nothing, make, signal)),
  );
  expect(made).toBe(4);
});

it("when the one at it fails, the next makes it", async () => {
  const root = await scratch.fresh();
  const { fail, lasting } = await begin(openAsProcess(root));
  const next = openAsProcess(root).findOrMake(work, nothing, async () => "made", signal);
  fail(new Error("failed"));
  await expect(lasting).rejects.toThrow("failed");
  expect(await next).toEqual({ made: "made" });
});

describe("the claim of a process", () => {
  it("that has ended is taken over at once", async () => {
    const { root, claims } = await claimedBy({ pid: endedPid() });
    expect(await claims.findOrMake(work, nothing, async () => 1, signal)).toEqual({ made: 1 });
    expect(readdirSync(join(root, "blocks"))).toEqual([]);
  });

  it("of this host before it was rebooted is taken over at once", async () => {
    const { claims } = await claimedBy({ bootId: "00000000-0000-0000-0000-000000000000" });
    expect(await claims.findOrMake(work, nothing, async () => 1, signal)).toEqual({ made: 1 });
  });

  it("that has ended is taken over by one of many", async () => {
    const { root } = await claimedBy({ pid: endedPid() });
    let [result, made]: [number | undefined, number] = [undefined, 0];
    const make = async () => {
      await sleep(30);
      result = ++made;
      return made;
    };
    const ask = () => openAsProcess(root).findOrMake(work, async () => result, make, signal);
    await Promise.all(Array.from({ length: 5 }, ask));
    expect(made).toBe(1);
  });

  const unseen: Record<string, Partial<Owner>> = {
    "of another host": { bootId: "00000000-0000-0000-0000-000000000000", host: "there" },
    "of another pid namespace": { pidNamespace: "1" },
    "that lives": {},
  };

  it.each(Object.entries(unseen))("%s is respected while it is renewed, and not longer", async (_, owner) => {
    const { root, claims } = await claimedBy(owner, 600);
    const renewal = setInterval(() => lutimesSync(claimPath(root), new Date(), new Date()), 50);
    let isMade = false;
    const asked = claims.findOrMake(work, nothing, async () => (isMade = true), signal);
    await sleep(1_500);
    expect(isMade).toBe(false);
    clearInterval(renewal);
    expect(await asked).toEqual({ made: true });
  });

  it("is renewed while its work lasts", async () => {
    const root = await scratch.fresh();
    const { end, lasting } = await begin(openAsProcess(root, 600));
    const other = openAsProcess(root, 600).findOrMake(work, nothing, async () => "made", signal);
    expect(await Promise.race([other, sleep(1_500, "waits")])).toBe("waits");
    end("done");
    expect(await lasting).toEqual({ made: "done" });
    expect(await other).toEqual({ made: "made" });
  });

  it("is waited for until what it makes is there", async () => {
    const { root, claims } = await claimedBy({});
    const asked = claims.findOrMake(
      work,
      async () => (existsSync(join(root, "result")) ? "found" : undefined),
      async () => "made",
      signal,
    );
    writeFileSync(join(root, "result"), "");
    expect(await asked).toEqual({ found: "found" });
  });

  it("is waited for until the wait is cancelled", async () => {
    const { root, claims } = await claimedBy({});
    const stop = new AbortController();
    const asked = claims.findOrMake(work, nothing, async () => 1, stop.signal);
    await sleep(1);
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: "CANCELLED" });
    expect(isClaimed(root)).toBe(true);
  });
});

it("who waits for work of its own process gives up when it is cancelled", async () => {
  const claims = openAsProcess(await scratch.fresh());
  const { end, lasting } = await begin(claims);
  const stop = new AbortController();
  const waiting = claims.findOrMake(work, nothing, async () => 1, stop.signal);
  await sleep(1);
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
  end("done");
  await lasting;
});

describe("in the place of a claim", () => {
  it.each([
    ["a file", (path: string) => writeFileSync(path, "")],
    ["a link that names no owner", (path: string) => symlinkSync("/etc/passwd", path)],
  ])("%s is removed", async (_, put) => {
    const root = await scratch.fresh();
    mkdirSync(join(root, "blocks"));
    put(claimPath(root));
    const answer = await openAsProcess(root).findOrMake(work, nothing, async () => 1, signal);
    expect(answer).toEqual({ made: 1 });
    expect(readdirSync(join(root, "blocks"))).toEqual([]);
  });

  it("a directory stays, and the work is done without one", async () => {
    const root = await scratch.fresh();
    mkdirSync(claimPath(root), { recursive: true });
    const answer = await openAsProcess(root).findOrMake(work, nothing, async () => 1, signal);
    expect(answer).toEqual({ made: 1 });
    expect(readdirSync(join(root, "blocks"))).toEqual([`${work}.claim`]);
  });
});

it("the directory may be removed while work is done and waited for", async () => {
  const root = await scratch.fresh();
  const { end, lasting } = await begin(openAsProcess(root));
  const other = openAsProcess(root).findOrMake(work, nothing, async () => "made", signal);
  await sleep(1);
  rmSync(join(root, "blocks"), { recursive: true });
  expect(await other).toEqual({ made: "made" });
  end("done");
  expect(await lasting).toEqual({ made: "done" });
});

it("a worker that starts removes the claims and unfinished files of the dead, and no others", async () => {
  const { root } = await claimedBy({ pid: endedPid() });
  const self = formatOwner(await currentOwner("here"));
  const dead = formatOwner({ ...(await currentOwner("here")), pid: endedPid() });
  const elsewhere = formatOwner({
    ...(await currentOwner("there")),
    bootId: "00000000-0000-0000-0000-000000000000",
  });
  const block = `xz-1-${"a".repeat(64)}`;
  const put = (name: string) => writeFileSync(join(root, "blocks", name), "");
  [block, `${self}-${random}`, `${dead}-${random}`, `${elsewhere}-${random}`, "strange"].forEach(put);
  symlinkSync(`${self}-${random}`, join(root, "blocks", `${block}.claim`));
  await removeAbandonedBlockFiles({ root, host: "here", storedChecksum: async () => undefined });
  const left = [block, `${block}.claim`, `${self}-${random}`, `${elsewhere}-${random}`, "strange"];
  expect(readdirSync(join(root, "blocks")).sort()).toEqual(left.sort());
});

it("a worker that starts removes the blocks of checksums that were stored, and no others", async () => {
  const root = await scratch.fresh();
  const stored = { checksum: "", tarDigest: null, layerBytes: null, archiveBytes: null, computedAt: null };
  const [done, open] = ["a", "b"].map((letter) => `xz-1-${letter.repeat(64)}`) as [string, string];
  mkdirSync(join(root, "blocks"));
  for (const name of [done, open]) writeFileSync(join(root, "blocks", name), "");
  writeFileSync(join(root, "blocks/xz-1:done.stored"), done);
  writeFileSync(join(root, "blocks/xz-1:open.stored"), open);
  const storedChecksum = async (id: string) => (id === "done" ? stored : undefined);
  await removeAbandonedBlockFiles({ root, host: "here", storedChecksum });
  expect(readdirSync(join(root, "blocks")).sort()).toEqual([open, "xz-1:open.stored"]);
});
