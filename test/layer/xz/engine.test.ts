import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { readXzBlock, type XzSettings } from "../../../src/layer/xz/block.js";
import { compressXz, engineCompressor } from "../../../src/layer/xz/compress.js";
import { chooseXzEngine, type XzEngine } from "../../../src/layer/xz/engine.js";
import { loadNativeXz } from "../../../src/layer/xz/native.js";
import { findXzProgram } from "../../../src/layer/xz/program.js";
import { childProcesses } from "../../support/processes/child-processes.js";
import { withEnvironment } from "../../support/processes/environment.js";
import { runs } from "../../support/processes/runs.js";
import { sha256Of, shell } from "../../support/processes/shell.js";
import { linkTools, writeTool } from "../../support/processes/tool-directory.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const MiB = 1024 * 1024;
const blockSize = 8 * MiB;

/** One block and a byte that take no time to compress. */
const text = Buffer.alloc(blockSize + 1, "lines that repeat themselves\n");

const scratch = useScratchDirectory();
const engines = {} as Record<XzEngine["name"], XzEngine>;
const names = ["xz", "lzma-native"] as const;
let realFiles: Buffer;

beforeAll(async () => {
  engines.xz = (await findXzProgram()) as XzEngine;
  engines["lzma-native"] = await loadNativeXz();
  // `|| :` because tar is cut off by head.
  realFiles = await shell("{ tar -C /usr -cf - bin || :; } 2>/dev/null | head -c 1500000");
});

/** Chunks of odd sizes, an empty one among them. */
async function* inChunks(data: Buffer): AsyncGenerator<Buffer> {
  yield Buffer.alloc(0);
  for (let at = 0; at < data.length; at += 77_777) yield data.subarray(at, at + 77_777);
}

async function digestBy(
  engine: XzEngine,
  data: Buffer,
  settings: XzSettings,
  threads = 2,
  chunks = inChunks(data),
): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of compressXz(chunks, settings, engineCompressor(engine, threads)))
    hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}

describe("both engines give the bytes of the xz command line", () => {
  // Preset 6 takes real files at less than 2 MB/s, text at any.
  const mixed = () => Buffer.concat([text, realFiles.subarray(0, MiB / 4)]);
  const three = () =>
    Buffer.concat([
      ...[realFiles.subarray(0, MiB), text.subarray(MiB, blockSize)],
      ...[text.subarray(0, blockSize), realFiles.subarray(MiB)],
    ]);

  test.each([
    { preset: 1, what: "nothing", data: () => Buffer.alloc(0) },
    { preset: 6, what: "nothing", data: () => Buffer.alloc(0) },
    { preset: 1, what: "one byte", data: () => Buffer.from("x") },
    { preset: 6, what: "one byte", data: () => Buffer.from("x") },
    { preset: 1, what: "exactly one block", data: () => text.subarray(0, blockSize) },
    { preset: 6, what: "exactly one block", data: () => text.subarray(0, blockSize) },
    { preset: 1, what: "one block and a byte", data: () => text },
    { preset: 6, what: "one block and a byte", data: () => text },
    { preset: 1, what: "three blocks, two of them with real files", data: three },
    { preset: 6, what: "two blocks, the second of real files", data: mixed },
  ] as const)("for $what at preset $preset", async ({ preset, data }) => {
    const input = data();
    const line = `xz -${preset} --check=crc64 --block-size=8MiB -T2 | sha256sum`;
    const expected = sha256Of(await shell(line, { input }));
    for (const name of names) {
      for (const threads of [1, 3]) {
        const found = await digestBy(engines[name], input, { preset, blockSize }, threads);
        expect(found, `${name}, ${threads} threads`).toBe(expected);
      }
    }
  });

  test("for whatever is cut into blocks wherever", async () => {
    const small = fc.constantFrom(4096, 65_536);
    const inputs = small.chain((size) =>
      fc.record({
        blockSize: fc.constant(size),
        // As many blocks, and so many bytes more or less.
        bytes: fc
          .tuple(fc.nat(4), fc.integer({ min: -1, max: 1 }))
          .map(([n, more]) => Math.max(0, n * size + more)),
        repeats: fc.integer({ min: 1, max: 300 }),
        cut: fc.integer({ min: 1, max: 100_000 }),
        preset: fc.constantFrom(0, 1, 6),
      }),
    );
    await fc.assert(
      fc.asyncProperty(inputs, async ({ blockSize: size, bytes, repeats, cut, preset }) => {
        const data = Buffer.concat([
          randomBytes(bytes % (repeats * 7 + 1)),
          Buffer.alloc(bytes, `${"x".repeat(repeats)}y`),
        ]);
        const input = data.subarray(0, bytes);
        const line = `xz -${preset} --check=crc64 --block-size=${size} -T2 | sha256sum`;
        const expected = sha256Of(await shell(line, { input }));
        for (const name of names) {
          const chunks = (async function* () {
            for (let at = 0; at < input.length; at += cut) yield input.subarray(at, at + cut);
          })();
          const found = await digestBy(engines[name], input, { preset, blockSize: size }, 2, chunks);
          expect(found, name).toBe(expected);
        }
      }),
      { numRuns: runs(12) },
    );
  });

  test("whatever limits and options the environment asks for", async () => {
    const hostile = { XZ_OPT: "-9 --memlimit=20MiB -T1", XZ_DEFAULTS: "--check=sha256 --memlimit=20MiB" };
    const input = realFiles.subarray(0, MiB / 4);
    const expected = sha256Of(
      await shell("xz -6 --check=crc64 --block-size=8MiB -T2 | sha256sum", { input }),
    );
    for (const name of names) {
      const settings = { preset: 6, blockSize } as const;
      expect(await withEnvironment(hostile, () => digestBy(engines[name], input, settings))).toBe(expected);
    }
  });
});

describe.each(names)("the engine %s", (name) => {
  const settings = { preset: 1, blockSize } as const;
  const input = (data: Buffer) => ({ data, digest: createHash("sha256").update(data).digest("hex") });

  test("takes no longer for the bytes that end an xz file than for others", async () => {
    const trap = Buffer.alloc(2 * MiB, "YZ");
    const expected = sha256Of(
      await shell("xz -1 --check=crc64 --block-size=8MiB -T2 | sha256sum", { input: trap }),
    );
    expect(await digestBy(engines[name], trap, settings)).toBe(expected);
  });

  test("tells the sizes of a block", async () => {
    const block = await engines[name].compress(input(text.subarray(0, blockSize)), settings);
    expect(block).toEqual(readXzBlock(block.bytes));
    expect(block.uncompressedSize).toBe(blockSize);
  });

  test("is cancelled by the signal, before and while it compresses, and leaves no process", async () => {
    const controller = new AbortController();
    const block = engines[name].compress(input(realFiles), settings, controller.signal);
    controller.abort();
    await expect(block).rejects.toMatchObject({ code: "CANCELLED" });
    const late = engines[name].compress(input(realFiles), settings, controller.signal);
    await expect(late).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await childProcesses()).toEqual([]);
  });
});

describe("the choice of an engine", () => {
  test("is the xz of the host, by the version of its liblzma", async () => {
    const engine = await chooseXzEngine();
    expect(engine.name).toBe("xz");
    expect((await shell("xz --version")).toString()).toContain(`liblzma ${engine.version}\n`);
  });

  test("is lzma-native where there is no xz", async () => {
    const directory = await scratch.fresh();
    await linkTools(directory, { tar: "/usr/bin/tar" });
    expect((await withEnvironment({ PATH: directory }, chooseXzEngine)).name).toBe("lzma-native");
  });

  test.each([
    "xz (XZ Utils) 5.0.8\nliblzma 5.0.8",
    "xz (XZ Utils) 5.1.4beta\nliblzma 5.1.4beta",
    "xz (XZ Utils) 5.4.1\nliblzma 5.0.8",
    "BusyBox v1.35.0",
  ])("is lzma-native where xz is %j", async (banner) => {
    const directory = await scratch.fresh();
    await linkTools(directory, { cat: "/bin/cat" });
    await writeTool(directory, "xz", banner);
    expect((await withEnvironment({ PATH: directory }, chooseXzEngine)).name).toBe("lzma-native");
  });

  test.each(["5.2.0", "5.8.2", "6.0.0"])("is xz where its liblzma is %s", async (version) => {
    const directory = await scratch.fresh();
    await linkTools(directory, { cat: "/bin/cat" });
    await writeTool(directory, "xz", `xz (XZ Utils) ${version}\nliblzma ${version}`);
    expect(await withEnvironment({ PATH: directory }, chooseXzEngine)).toMatchObject({ name: "xz", version });
  });
});
