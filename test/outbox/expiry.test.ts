// Exports that nobody fetches: what goes when, by a clock that is told.
import {
  createReadStream,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import {
  addToOutbox,
  exportExpiry,
  listOutbox,
  markFetched,
  removeExpiredExports,
  removeFromOutbox,
} from "../../src/outbox/index.js";
import { sha256Of, shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const keep = 3_600_000;

/** Puts a file with this content into the outbox. */
async function put(root: string, file: string, content: string, meanwhile?: () => Promise<void>) {
  return addToOutbox({ root, host: "here" }, file, async (stage) => {
    const path = join(stage, "made");
    writeFileSync(path, content);
    await meanwhile?.();
    return { path, digest: sha256Of(await shell(`sha256sum '${path}'`)) };
  });
}

/** The names in the outbox but for staging. */
const namesIn = (root: string) => readdirSync(join(root, "outbox")).filter((name) => name !== ":tmp:");

describe("an export", () => {
  it("goes when it is older than exports are kept, and not before", async () => {
    const root = await scratch.fresh();
    const { path } = await put(root, "a.tar", "a");
    const goes = Date.parse(await exportExpiry(path, keep));
    expect(Math.abs(goes - Date.now() - keep)).toBeLessThan(60_000);
    expect(await removeExpiredExports(root, keep, goes - 1)).toEqual([]);
    expect(namesIn(root)).toEqual(["a.tar"]);
    expect(await removeExpiredExports(root, keep, goes + 2)).toEqual(["a.tar"]);
    expect(namesIn(root)).toEqual([]);
    expect(await removeExpiredExports(root, keep, goes + 2)).toEqual([]);
  });

  it("that is fetched stays for as long again, whoever is told of it", async () => {
    const root = await scratch.fresh();
    const { path } = await put(root, "a.tar", "a");
    const goes = Date.parse(await exportExpiry(path, keep));
    await markFetched(root, "a.tar", goes - 10);
    expect(await removeExpiredExports(root, keep, goes + keep - 20)).toEqual([]);
    expect((await listOutbox(root)).map(({ file }) => file)).toEqual(["a.tar"]);
    expect(await removeExpiredExports(root, keep, goes + keep)).toEqual(["a.tar"]);
    expect(namesIn(root)).toEqual([]);
  });

  it("that is being downloaded comes whole, though it is removed meanwhile", async () => {
    const root = await scratch.fresh();
    const content = "x".repeat(300_000);
    const { path } = await put(root, "a.tar", content);
    const download = createReadStream(path, { highWaterMark: 1_000 });
    const [first] = await new Promise<[Buffer]>((resolve) =>
      download.once("data", (chunk) => resolve([chunk as Buffer])),
    );
    download.pause();
    expect(await removeExpiredExports(root, keep, Date.now() + 2 * keep)).toEqual(["a.tar"]);
    expect(first.length + (await buffer(download)).length).toBe(content.length);
  });

  it("that is being made is not looked at", async () => {
    const root = await scratch.fresh();
    await put(root, "a.tar", "a", async () => {
      expect(await removeExpiredExports(root, keep, Date.now() + 2 * keep)).toEqual([]);
    });
    expect(namesIn(root)).toEqual(["a.tar"]);
  });

  it("that a job makes again begins its time anew", async () => {
    const root = await scratch.fresh();
    const { path } = await put(root, "a.tar", "a");
    const { ctimeMs, mtimeMs } = statSync(path);
    await expect.poll(() => Date.now()).toBeGreaterThan(ctimeMs + 20);
    await put(root, "a.tar", "a");
    expect(statSync(path).ctimeMs).toBeGreaterThan(ctimeMs);
    expect(statSync(path).mtimeMs).toBe(mtimeMs);
  });
});

it("nothing but files goes, and the marks of exports that are gone", async () => {
  const root = await scratch.fresh();
  expect(await removeExpiredExports(root, keep)).toEqual([]);
  await put(root, "a.tar", "a");
  await markFetched(root, "a.tar");
  mkdirSync(join(root, "outbox/directory"));
  symlinkSync("a.tar", join(root, "outbox/link"));
  expect(await removeFromOutbox(root, "a.tar")).toBe(true);
  expect(await removeExpiredExports(root, keep, Date.now() + 2 * keep)).toEqual([]);
  expect(namesIn(root).sort()).toEqual(["directory", "link"]);
});

it("a mark takes the place of what is none of its server, and where it cannot be written nothing fails", async () => {
  const root = await scratch.fresh();
  await put(root, "a.tar", "a");
  symlinkSync(join(root, "elsewhere"), join(root, "outbox/.a.tar.fetched"));
  await markFetched(root, "a.tar");
  await markFetched(join(root, "nowhere"), "a.tar");
  expect(readdirSync(root)).toEqual(["outbox"]);
  expect(lstatSync(join(root, "outbox/.a.tar.fetched")).isFile()).toBe(true);
});
