// Docker 0.3's file `checksums`, as it follows the checksums of the recipe `docker`.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { withLock } from "../../../src/disk/directory-lock.js";
import { openGraph, type StoredChecksum } from "../../../src/graph/index.js";
import { dockerImages, unpackDockerGraph } from "../../support/images/docker-graph.js";
import { addImage } from "../../support/images/made-images.js";
import { bundle, startNode } from "../../support/processes/node-process.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const { base, middle, left, right } = dockerImages;
let module: string;

beforeAll(async () => {
  module = await bundle("graph/index.ts");
});

function entryOf(digit: string): StoredChecksum {
  return {
    checksum: `sha256:${digit.repeat(64)}`,
    tarDigest: null,
    layerBytes: 7,
    archiveBytes: 3,
    computedAt: "2026-01-01T00:00:00.000Z",
  };
}

async function dockerRoot(): Promise<string> {
  const root = await scratch.fresh();
  await unpackDockerGraph(root);
  return root;
}

function read(root: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(root, "checksums"), "utf8"));
}

describe("Docker's dictionary", () => {
  it("gets the checksums of the recipe docker and keeps all others", async () => {
    const root = await dockerRoot();
    const before = { ...read(root), "of-no-image": "sha256:1", "no checksum": [7] };
    writeFileSync(join(root, "checksums"), JSON.stringify(before));
    const graph = await openGraph(root);
    await graph.storeChecksum(left, "docker", entryOf("1"));
    await graph.close();
    expect(read(root)).toEqual({ ...before, [left]: entryOf("1").checksum });
    expect(readdirSync(root).sort()).toEqual(["checksums", "graph"]);
    expect(statSync(join(root, "checksums")).mode & 0o7777).toBe(0o600);
  });

  it("never gets a checksum of another recipe, which that daemon would push as its own", async () => {
    const root = await dockerRoot();
    const before = readFileSync(join(root, "checksums"));
    const { ino } = statSync(join(root, "checksums"));
    const graph = await openGraph(root);
    await graph.storeChecksum(left, "xz-6", entryOf("1"));
    await graph.close();
    expect(readFileSync(join(root, "checksums"))).toEqual(before);
    expect(statSync(join(root, "checksums")).ino).toBe(ino);
  });

  it("yields to what was stored for the image itself", async () => {
    const root = await dockerRoot();
    const graph = await openGraph(root);
    await graph.storeChecksum(left, "docker", entryOf("1"));
    expect(await graph.storedChecksum(left, "docker")).toEqual(entryOf("1"));
    expect(await graph.storedChecksum(right, "docker")).toMatchObject({
      checksum: read(root)[right],
      tarDigest: null,
    });
    await graph.close();
  });

  it("is seen as Docker rewrites it", async () => {
    const root = await dockerRoot();
    const graph = await openGraph(root);
    for (const digit of ["1", "2", "3", "4"]) {
      // In place and of the same length, as that version does.
      writeFileSync(join(root, "checksums"), JSON.stringify({ [left]: entryOf(digit).checksum }));
      expect((await graph.storedChecksum(left, "docker"))?.checksum).toBe(entryOf(digit).checksum);
    }
  });

  it("is written within seconds without being closed, once for many images", async () => {
    const root = await dockerRoot();
    const graph = await openGraph(root);
    await Promise.all([base, middle, left].map((id) => graph.storeChecksum(id, "docker", entryOf("1"))));
    const checksum = entryOf("1").checksum;
    await expect
      .poll(() => read(root), { timeout: 30_000 })
      .toEqual({ ...read(root), [base]: checksum, [middle]: checksum, [left]: checksum });
    await graph.close();
  });

  it("is made where there is none", async () => {
    const graph = await openGraph(await scratch.fresh(), { create: true });
    await addImage(graph, { id: "image" });
    await graph.storeChecksum("image", "docker", entryOf("1"));
    await graph.close();
    expect(read(graph.root)).toEqual({ image: entryOf("1").checksum });
  });

  it.each(["{", "[]", "null", '"x"', "\xff"])(
    "that holds %j counts as empty and is set aside, not overwritten",
    async (content) => {
      const root = await dockerRoot();
      writeFileSync(join(root, "checksums"), content);
      const graph = await openGraph(root);
      expect(await graph.storedChecksum(left, "docker")).toBeUndefined();
      expect(readFileSync(join(root, "checksums"), "utf8")).toBe(content);
      await graph.storeChecksum(left, "docker", entryOf("1"));
      await graph.close();
      expect(read(root)).toEqual({ [left]: entryOf("1").checksum });
      const aside = readdirSync(root).filter((name) => name.startsWith("checksums.damaged-"));
      expect(aside).toHaveLength(1);
      expect(readFileSync(join(root, `${aside[0]}`), "utf8")).toBe(content);
    },
  );

  it("that is empty, as Docker leaves it when it is killed, is not worth setting aside", async () => {
    const root = await dockerRoot();
    writeFileSync(join(root, "checksums"), "");
    const graph = await openGraph(root);
    await graph.storeChecksum(left, "docker", entryOf("1"));
    await graph.close();
    expect(readdirSync(root).sort()).toEqual(["checksums", "graph"]);
  });

  it("answers nothing that is no checksum", async () => {
    const root = await dockerRoot();
    writeFileSync(join(root, "checksums"), JSON.stringify({ [left]: "", [right]: 7, [base]: "md5:1" }));
    const graph = await openGraph(root);
    for (const id of [left, right, base]) expect(await graph.storedChecksums(id)).toEqual({});
  });

  it("heals after a process was killed between an image's checksum and its writing", async () => {
    const root = await dockerRoot();
    const before = read(root);
    const program = `
      const { openGraph } = await import(process.argv[1]);
      const [, , root, id, entry] = process.argv;
      const graph = await openGraph(root);
      await graph.storeChecksum(id, "docker", JSON.parse(entry));
      process.kill(process.pid, "SIGKILL");`;
    const child = startNode(program, module, root, left, JSON.stringify(entryOf("1")));
    await expect(child).rejects.toMatchObject({ signal: "SIGKILL" });
    expect(read(root)).toEqual(before);
    const reader = await openGraph(root);
    await reader.close();
    expect(read(root)).toEqual(before);
    const graph = await openGraph(root, { create: true });
    await graph.close();
    expect(read(root)).toEqual({ ...before, [left]: entryOf("1").checksum });
    expect(existsSync(join(root, "checksums.pending"))).toBe(false);
  });

  it("has every checksum that several processes stored at once", async () => {
    const graph = await openGraph(await scratch.fresh(), { create: true });
    const ids = Array.from({ length: 12 }, (_, n) => `image-${n}`);
    for (const id of ids) {
      mkdirSync(join(graph.directory, id, "layer"), { recursive: true });
      writeFileSync(join(graph.directory, id, "json"), JSON.stringify({ id }));
    }
    const program = `
      const { openGraph } = await import(process.argv[1]);
      const [, , root, entry, ...ids] = process.argv;
      const graph = await openGraph(root);
      await Promise.all(ids.map((id) => graph.storeChecksum(id, "docker", JSON.parse(entry))));
      await graph.close();`;
    const entry = JSON.stringify(entryOf("1"));
    await Promise.all(
      [0, 1, 2].map((part) =>
        startNode(program, module, graph.root, entry, ...ids.slice(part * 4, part * 4 + 4)),
      ),
    );
    expect(read(graph.root)).toEqual(Object.fromEntries(ids.map((id) => [id, entryOf("1").checksum])));
  });

  it("is not written while another process holds the lock on it", async () => {
    const root = await dockerRoot();
    const before = read(root);
    const graph = await openGraph(root);
    await graph.storeChecksum(left, "docker", entryOf("1"));
    let closing: Promise<void> = Promise.resolve();
    await withLock(root, async () => {
      closing = graph.close();
      // proc(5): a lock that is waited for stands in /proc/locks behind "->".
      const waiter = new RegExp(`-> FLOCK .*:${statSync(root).ino} `);
      await expect.poll(() => readFileSync("/proc/locks", "utf8"), { timeout: 30_000 }).toMatch(waiter);
      expect(read(root)).toEqual(before);
    });
    await closing;
    expect(read(root)).toEqual({ ...before, [left]: entryOf("1").checksum });
  });

  it("that cannot be written is reported on closing, and written when it can be", async () => {
    const root = await dockerRoot();
    const graph = await openGraph(root);
    mkdirSync(join(root, "checksums.new"));
    await graph.storeChecksum(left, "docker", entryOf("1"));
    await expect(graph.close()).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining(join(root, "checksums")),
    });
    rmdirSync(join(root, "checksums.new"));
    await graph.close();
    expect(read(root)[left]).toBe(entryOf("1").checksum);
  });

  it("does not keep a process alive that has nothing else to do", async () => {
    const root = await dockerRoot();
    const program = `
      const { openGraph } = await import(process.argv[1]);
      const [, , root, id, entry] = process.argv;
      const graph = await openGraph(root);
      await graph.storeChecksum(id, "docker", JSON.parse(entry));
      console.log(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length);`;
    const { stdout } = await startNode(program, module, root, left, JSON.stringify(entryOf("1")));
    expect(stdout).toBe("0");
  });
});
