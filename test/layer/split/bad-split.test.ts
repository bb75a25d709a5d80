// A tar-split that lies, and a layer that has changed: never another archive, and nothing from outside of the layer.
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { execa } from "execa";
import { beforeEach, describe, expect, it } from "vitest";
import { assembleArchive } from "../../../src/layer/index.js";
import { collect } from "../../support/collect.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();

/** The CRC-64 of "hello", as github.com/vbatts/tar-split writes it. */
const crcOfHello = "PD7u4tgQAAA=";

let around: string;
let layerDirectory: string;
let splitPath: string;
beforeEach(async () => {
  around = await scratch.fresh();
  layerDirectory = join(around, "layer");
  splitPath = join(around, "tar-split.gz");
  mkdirSync(join(layerDirectory, "d"), { recursive: true });
  writeFileSync(join(layerDirectory, "d/f"), "hello");
  writeFileSync(join(around, "outside"), "hello");
});

async function assembled(bytes: Buffer): Promise<string> {
  writeFileSync(splitPath, bytes);
  return Buffer.concat(await collect(assembleArchive({ layerDirectory, splitPath }))).toString("latin1");
}

/** A tar-split of these lines: texts as they are, all else as JSON. */
function split(...lines: readonly unknown[]): Buffer {
  return gzipSync(
    lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""),
  );
}

function file(name: string, more: object = {}) {
  return { type: 1, name, size: 5, payload: crcOfHello, position: 0, ...more };
}

const segment = (text: string) => ({ type: 2, payload: Buffer.from(text).toString("base64"), position: 0 });

describe("a name, as others spell it, is one of the layer", () => {
  const names = ["d/f", "./d/f", "/d/f", "d//f", "d/./f"];
  it.each(names)("%s", async (name) => {
    expect(await assembled(split(segment("<"), file(name), segment(">")))).toBe("<hello>");
  });

  it("name_raw, which is base64", async () => {
    writeFileSync(Buffer.concat([Buffer.from(layerDirectory), Buffer.from("/\xff", "latin1")]), "hello");
    expect(await assembled(split(file("", { name: undefined, name_raw: "/w==" })))).toBe("hello");
  });

  it.each([
    ["relative", "d"],
    ["absolute", "/d"],
    ["by a way up inside", "d/../d/../d"],
    ["to another one", "m"],
  ])("below a symlink that is %s", async (_, target) => {
    symlinkSync("/d/", join(layerDirectory, "m"));
    symlinkSync(target, join(layerDirectory, "l"));
    expect(await assembled(split(file("l/f"), file("d/f"), file("l/f")))).toBe("hellohellohello");
  });

  it("needs no checksum where it is empty, nor a size, nor to be there", async () => {
    const empty = { type: 1, name: "d/", payload: null, position: 0 };
    expect(await assembled(split(empty, { ...empty, name: "gone", size: 0, payload: "" }))).toBe("");
  });
});

describe("is IMAGE_BROKEN:", () => {
  const hello = file("d/f");
  const bomb = Buffer.alloc(64 * 1024 ** 2, "a");
  const whole = split(hello, segment("end"));
  it.each<[string, Buffer]>([
    ["a name that leads up", split(file("../outside"))],
    ["a name that leads up in its middle", split(file("d/../../outside"))],
    ["a name that leads up and down again", split(file("d/../d/f"))],
    ["a name that is the layer", split(file("/"))],
    ["a name that is the directory above", split(file(".."))],
    ["no name", split(file("", { name: undefined }))],
    ["a name with a NUL", split(file("d/f\0"))],
    ["a name that is a number", split(file("d/f", { name: 7 }))],
    ["a name in bad base64", split(file("", { name_raw: "%" }))],
    ["a symlink that leads up", split(file("up/outside"))],
    ["a symlink that leads up, absolutely", split(file("absolute/outside"))],
    ["a symlink that leads to itself", split(file("loop/f"))],
    ["a negative size", split(file("d/f", { size: -1 }))],
    ["half a byte", split(file("d/f", { size: 0.5 }))],
    ["a size past all numbers", split('{"type":1,"name":"d/f","size":1e400,"payload":"PD7u4tgQAAA="}')],
    ["a size that is a text", split(file("d/f", { size: "5" }))],
    ["a checksum in bad base64", split(file("d/f", { payload: "PD7u4tgQAA*=" }))],
    ["a checksum of 5 bytes", split(file("d/f", { payload: "aGVsbG8=" }))],
    ["no checksum", split(file("d/f", { payload: null }))],
    ["a segment in bad base64", split({ type: 2, payload: "abc", position: 0 })],
    ["a segment that is a number", split({ type: 2, payload: 1, position: 0 })],
    ["an unknown type", split({ type: 3, payload: "", position: 0 })],
    ["a type that is a text", split({ type: "2", payload: "", position: 0 })],
    ["a line that is not an object", split("7")],
    ["a line that is null", split("null")],
    ["a line that is not JSON", split("{")],
    ["a line that does not end", gzipSync(bomb)],
    ["a last line without its end", gzipSync(JSON.stringify(hello))],
    ["what is not gzip", Buffer.from(JSON.stringify(hello))],
    ["nothing", Buffer.alloc(0)],
    ["a file that was cut short", whole.subarray(0, -9)],
    ["a file with another sum", Buffer.concat([whole.subarray(0, -8), Buffer.alloc(8)])],
  ])("%s", async (_, bytes) => {
    symlinkSync("..", join(layerDirectory, "up"));
    symlinkSync("/../..", join(layerDirectory, "absolute"));
    symlinkSync("loop", join(layerDirectory, "loop"));
    await expect(assembled(bytes)).rejects.toMatchObject({ code: "IMAGE_BROKEN" });
  });

  it("no file", async () => {
    const chunks = collect(assembleArchive({ layerDirectory, splitPath }));
    await expect(chunks).rejects.toMatchObject({ code: "IMAGE_BROKEN" });
  });
});

describe("is CHECKSUM_MISMATCH, which names the file:", () => {
  it.each<[string, () => void]>([
    ["another content", () => writeFileSync(join(layerDirectory, "d/f"), "jello")],
    ["a longer file", () => writeFileSync(join(layerDirectory, "d/f"), "hello!")],
    ["a shorter file", () => truncateSync(join(layerDirectory, "d/f"), 4)],
    ["no file", () => rmSync(join(layerDirectory, "d/f"))],
    ["no directory", () => rmSync(join(layerDirectory, "d"), { recursive: true })],
    ["a directory", () => replace(() => mkdirSync(join(layerDirectory, "d/f")))],
    ["a symlink to the like", () => replace(() => symlinkSync("../../outside", join(layerDirectory, "d/f")))],
    ["a file as directory", () => replaceDirectory()],
  ])("%s", async (_, change) => {
    change();
    await expect(assembled(split(file("d/f")))).rejects.toMatchObject({
      code: "CHECKSUM_MISMATCH",
      message: expect.stringContaining("d/f"),
    });
  });

  it("a fifo, which is not waited for", async () => {
    rmSync(join(layerDirectory, "d/f"));
    await execa("mkfifo", [join(layerDirectory, "d/f")]);
    await expect(assembled(split(file("d/f")))).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
  });

  it("another checksum", async () => {
    const lying = split(file("d/f", { payload: "PD7u4tgQAAE=" }));
    await expect(assembled(lying)).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
  });

  function replace(by: () => void) {
    rmSync(join(layerDirectory, "d/f"));
    by();
  }

  function replaceDirectory() {
    rmSync(join(layerDirectory, "d"), { recursive: true });
    writeFileSync(join(layerDirectory, "d"), "");
  }
});

it("an absolute symlink never leads to the host's file", async () => {
  symlinkSync(around, join(layerDirectory, "host"));
  await expect(assembled(split(file("host/outside")))).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
});

it("is CANCELLED by the signal", async () => {
  writeFileSync(splitPath, split(file("d/f")));
  const chunks = collect(assembleArchive({ layerDirectory, splitPath }, AbortSignal.abort()));
  await expect(chunks).rejects.toMatchObject({ code: "CANCELLED" });
});

it("has lines like those of the tool that set the format", () => {
  expect(gunzipSync(split(file("d/f"))).toString()).toBe(
    `{"type":1,"name":"d/f","size":5,"payload":"${crcOfHello}","position":0}\n`,
  );
});
