// The outbox: what is put there is whole, never over something else, and comes from a process that lives.
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  addToOutbox,
  listOutbox,
  outboxFile,
  removeAbandonedExports,
  removeFromOutbox,
} from "../../src/outbox/index.js";
import { sha256Of, shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const host = "here";

/** Puts a file with this content into the outbox. */
async function put(root: string, file: string, content: string) {
  return addToOutbox({ root, host }, file, async (stage) => {
    const path = join(stage, "made");
    writeFileSync(path, content);
    return { path, digest: sha256Of(await shell(`sha256sum '${path}'`)) };
  });
}

describe("a file of the outbox", () => {
  it("is there whole, and of the stage it was made in nothing is left", async () => {
    const root = await scratch.fresh();
    const { path } = await put(root, "a.tar", "one");
    expect(path).toBe(join(root, "outbox/a.tar"));
    expect(readFileSync(path, "utf8")).toBe("one");
    expect(readdirSync(join(root, "outbox/:tmp:"))).toEqual([]);
    expect(statSync(join(root, "outbox")).mode & 0o777).toBe(0o700);
    expect(await outboxFile(root, "a.tar")).toMatchObject({ file: "a.tar", bytes: 3 });
  });

  it("is not written over: the same again is as good, another is TARGET_FORBIDDEN", async () => {
    const root = await scratch.fresh();
    await put(root, "a.tar", "one");
    const { path } = await put(root, "a.tar", "one");
    await expect(put(root, "a.tar", "two")).rejects.toMatchObject({
      code: "TARGET_FORBIDDEN",
      message: expect.stringContaining(path),
    });
    expect(readFileSync(path, "utf8")).toBe("one");
    expect(readdirSync(join(root, "outbox/:tmp:"))).toEqual([]);
  });

  it("is listed with the others by name, without links and staging, and is removed once", async () => {
    const root = await scratch.fresh();
    expect(await listOutbox(root)).toEqual([]);
    expect(await removeFromOutbox(root, "a.tar")).toBe(false);
    await put(root, "b.tar", "bb");
    await put(root, "a.tar", "a");
    symlinkSync("a.tar", join(root, "outbox/c.tar"));
    expect((await listOutbox(root)).map(({ file, bytes }) => [file, bytes])).toEqual([
      ["a.tar", 1],
      ["b.tar", 2],
    ]);
    expect(await removeFromOutbox(root, "a.tar")).toBe(true);
    expect(await removeFromOutbox(root, "a.tar")).toBe(false);
    expect((await listOutbox(root)).map(({ file }) => file)).toEqual(["b.tar"]);
  });

  it("that failed to be made leaves nothing", async () => {
    const root = await scratch.fresh();
    const failing = addToOutbox({ root, host }, "a.tar", async (stage) => {
      writeFileSync(join(stage, "half"), "half");
      throw new Error("out of luck");
    });
    await expect(failing).rejects.toThrow("out of luck");
    expect(readdirSync(join(root, "outbox"))).toEqual([":tmp:"]);
    expect(readdirSync(join(root, "outbox/:tmp:"))).toEqual([]);
  });
});

it("what a dead process had begun is removed, what a living one is at stays", async () => {
  const root = await scratch.fresh();
  await addToOutbox({ root, host }, "a.tar", async (stage) => {
    const path = join(stage, "made");
    writeFileSync(path, "");
    // As a process of another boot would have called it.
    const dead = `00000000-0000-0000-0000-000000000000.1.1.1.${host}-0123456789abcdef`;
    mkdirSync(join(root, "outbox/:tmp:", dead));
    expect(await removeAbandonedExports({ root, host })).toEqual([join(root, "outbox/:tmp:", dead)]);
    expect(readFileSync(path, "utf8")).toBe("");
    return { path, digest: sha256Of(await shell(`sha256sum '${path}'`)) };
  });
  expect(await removeAbandonedExports({ root: await scratch.fresh(), host })).toEqual([]);
});
