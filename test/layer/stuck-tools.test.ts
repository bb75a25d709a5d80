// The tools that read and write layers, each stopped by the kernel in the middle of its work: it is killed, and the error is
// one that is tried again, not one that condemns the archive.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { execa } from "execa";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { tools } from "../../src/host/tool.js";
import { limitToolSilence, toolSilenceLimit } from "../../src/host/tool-watchdog.js";
import { bsdtarArguments } from "../../src/layer/archive.js";
import { canonicalTar, packCanonicalTar } from "../../src/layer/canonical-tar.js";
import { decompress } from "../../src/layer/compression.js";
import { toolOutput } from "../../src/layer/tool-output.js";
import { unpack } from "../../src/layer/unpack.js";
import { findXzProgram } from "../../src/layer/xz/program.js";
import { recipes } from "../../src/terms/index.js";
import { childProcesses } from "../support/processes/child-processes.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const usual = toolSilenceLimit();
beforeEach(() => limitToolSilence(400));
afterEach(async () => {
  limitToolSilence(usual);
  const left = (await childProcesses()).map(({ command }) => command);
  expect(left.filter((command) => ["tar", "bsdtar", "xz", "bzip2", "zstd"].includes(command))).toEqual([]);
});

/** A directory with a file that no pipe can hold, and its archive. */
let directory: string;
let archive: Buffer;
beforeAll(async () => {
  directory = await scratch.fresh();
  await writeFile(join(directory, "random"), randomBytes(6_000_000));
  const { stdout } = await execa("tar", ["-C", directory, "-c", "random"], {
    encoding: "buffer",
    maxBuffer: 1e8,
  });
  archive = Buffer.from(stdout);
});

const stuck = (command: string) => ({
  code: "INTERNAL",
  message: expect.stringMatching(`^${command} was stuck: .*--tool-silence`),
});

/** Stops a child of this process by its name, once it is there. */
async function stop(command: string): Promise<void> {
  const child = await vi.waitFor(async () => {
    const found = (await childProcesses()).find((process) => process.command === command);
    if (found === undefined) throw new Error(`no ${command} runs`);
    return found;
  });
  process.kill(child.pid, "SIGSTOP");
}

/** The bytes, of which the second half comes when the tool was stopped. */
async function* stopping(command: string, bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, 500_000);
  await stop(command);
  for (let at = 500_000; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** Reads one chunk, stops the tool, and reads on. */
async function readStopping(command: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  let isFirst = true;
  for await (const _ of chunks) {
    if (isFirst) await stop(command);
    isFirst = false;
  }
}

async function readAll(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of chunks);
}

describe("a tool that is stopped ends the work with an error that is tried again", () => {
  test("tar, which unpacks", async () => {
    const source = Readable.from(stopping("tar", archive), { objectMode: false });
    const limits = { maxBytes: 1e9, maxEntries: 10 };
    await expect(unpack(source, await scratch.fresh(), { limits })).rejects.toMatchObject(stuck("tar"));
  });

  test("tar, which packs a layer", async () => {
    await expect(readStopping("tar", canonicalTar(directory))).rejects.toMatchObject(stuck("tar"));
  });

  test("tar, which packs a directory", async () => {
    const { stdout, done } = packCanonicalTar(directory);
    await once(stdout, "readable");
    await stop("tar");
    stdout.resume();
    await expect(done).rejects.toMatchObject(stuck("tar"));
  });

  test("bsdtar", async () => {
    const output = toolOutput(tools.bsdtar, bsdtarArguments(recipes.docker, directory));
    await expect(readStopping("bsdtar", output)).rejects.toMatchObject(stuck("bsdtar"));
  });

  test("xz, which compresses", async () => {
    const engine = await findXzProgram();
    const settings = { preset: 1, blockSize: archive.length } as const;
    const block = engine?.compress({ data: archive, digest: "" }, settings);
    await stop("xz");
    await expect(block).rejects.toMatchObject(stuck("xz"));
  });

  test.each(["bzip2", "xz", "zstd"] as const)("%s, which decompresses", async (tool) => {
    const { stdout } = await execa(tool, ["-c", ...(tool === "xz" ? ["-0"] : [])], {
      input: archive,
      encoding: "buffer",
      maxBuffer: 1e8,
    });
    const output = decompress(stopping(tool, Buffer.from(stdout)), tool);
    await expect(readAll(output)).rejects.toMatchObject(stuck(tool));
  });

  test("a decompressor that feeds tar, which is not blamed for it", async () => {
    const { stdout } = await execa("zstd", ["-c"], { input: archive, encoding: "buffer", maxBuffer: 1e8 });
    const source = Readable.from(stopping("zstd", Buffer.from(stdout)), { objectMode: false });
    const limits = { maxBytes: 1e9, maxEntries: 10 };
    await expect(unpack(source, await scratch.fresh(), { limits })).rejects.toMatchObject(stuck("zstd"));
  });
});
