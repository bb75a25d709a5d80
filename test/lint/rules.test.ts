// The rules of the house, as the linter holds them (lint/*.grit): one run of it over files of one line each.
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, it } from "vitest";
import { useScratchDirectory } from "../support/scratch-directory.js";

const project = join(import.meta.dirname, "../..");

const pastDoors = [
  ["src/worker/claim.ts", 'export { lock } from "../disk/directory-lock.js";'],
  ["src/graph/graph.ts", 'export { lease } from "./sets/lease.js";'],
  ["src/layer/xz/program.ts", 'export { header } from "../tar/header.js";'],
  ["src/server/dashboard/app/pages/jobs.tsx", 'export { moment } from "../parts/moment.js";'],
  ["src/worker/load.ts", 'export const load = () => import("../graph/image.js");'],
] as const;

const upwards = [
  ["src/terms/recipes.ts", 'export { quote } from "../disk/index.js";'],
  ["src/terms/drivers.ts", 'export { execa } from "execa";'],
  ["src/graph/image.ts", 'export { unpack } from "../layer/index.js";'],
  ["src/graph/sets/journal.ts", 'export { enqueue } from "../../jobs/index.js";'],
  ["src/producer/producer.ts", 'export { openGraph } from "../graph/index.js";'],
  ["src/producer/tool.ts", 'export { execa } from "execa";'],
  ["src/jobs/contract.ts", 'export { Redis } from "ioredis";'],
  ["src/mount/queue.ts", 'export { Queue } from "bullmq";'],
  ["src/redis/client.ts", 'export { openGraph } from "../graph/index.js";'],
  ["src/inbox/inbox.ts", 'export { openProducer } from "../producer/index.js";'],
  ["src/outbox/outbox.ts", 'export { openGraph } from "../graph/index.js";'],
  ["src/interchange/export.ts", 'export { addToOutbox } from "../outbox/index.js";'],
  ["src/outbound/request.ts", 'export { run } from "../host/index.js";'],
  ["src/graph/fetch.ts", 'export { requestOnce } from "../outbound/index.js";'],
  ["src/server/server.ts", 'export { main } from "../cli/index.js";'],
] as const;

const driverNames = [
  ["src/worker/worker.ts", 'export const isOverlay = (name: string) => name === "overlay";'],
  ["src/cli/examination.ts", 'export const driver = "fuse-overlayfs";'],
  ["src/mount/mounts.ts", 'export const driver = "aufs";'],
] as const;

const allowed = [
  ["src/worker/heartbeat.ts", 'export { lock } from "../disk/index.js";'],
  ["src/graph/sets/lease.ts", 'export { image } from "../image.js";'],
  ["src/graph/removal.ts", 'export { lease } from "./sets/index.js";'],
  ["src/mount/drivers/overlay.ts", 'export const name = "overlay";'],
  ["src/jobs/queue.ts", 'export { z } from "zod";'],
  ["src/interchange/registry/agent.ts", 'export { shownUrl } from "../../outbound/index.js";'],
  ["src/jobs/job-size.ts", 'export { createHash } from "node:crypto";'],
  ["test/graph/graph.test.ts", 'export { lease } from "../../src/graph/sets/lease.js";'],
] as const;

const scratch = useScratchDirectory();
let said: string;

beforeAll(async () => {
  const directory = await scratch.fresh();
  await cp(join(project, "lint"), join(directory, "lint"), { recursive: true });
  const rules = JSON.parse(await readFile(join(project, "biome.json"), "utf8"));
  await writeFile(join(directory, "biome.json"), JSON.stringify({ plugins: rules.plugins }));
  for (const [path, line] of [...pastDoors, ...upwards, ...driverNames, ...allowed]) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), `${line}\n`);
  }
  const biome = join(project, "node_modules/.bin/biome");
  const { all } = await execa(biome, ["lint", "--reporter=github", "--max-diagnostics=none"], {
    cwd: directory,
    all: true,
    reject: false,
  });
  said = all;
});

/** What the linter says of a file. */
function complaintsAbout(path: string): string[] {
  return said
    .split("\n")
    .filter((line) => line.startsWith("::error title=plugin,") && line.includes(`/${path},`));
}

describe("the linter", () => {
  it.each(pastDoors)("refuses an import past a door: %s: %s", (path) => {
    expect(complaintsAbout(path)).toEqual([expect.stringContaining("past a door")]);
  });

  it.each(upwards)("refuses an arrow upwards: %s: %s", (path) => {
    expect(complaintsAbout(path)).toEqual([expect.stringContaining("an arrow upwards")]);
  });

  it.each(driverNames)("refuses a driver's name outside its folder: %s: %s", (path) => {
    expect(complaintsAbout(path)).toEqual([expect.stringContaining("a driver's name outside mount/drivers")]);
  });

  it.each(allowed)("takes what the rules allow: %s: %s", (path) => {
    expect(complaintsAbout(path)).toEqual([]);
  });
});
