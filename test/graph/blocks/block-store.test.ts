// Blocks that are kept, found again, damaged in every way, and bounded.
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type BlockStore, openBlockStore, openClaims } from "../../../src/graph/index.js";
import { shell } from "../../support/processes/shell.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const { signal } = new AbortController();

/** A stand-in for a block of xz: its first four bytes tell the size of the input. */
interface Block {
  readonly bytes: Buffer;
  readonly uncompressedSize: number;
}

function parse(bytes: Buffer): Block {
  if (bytes.length % 4 !== 0) throw new Error("not a block");
  return { bytes, uncompressedSize: bytes.readUInt32LE(0) };
}

function blockOf(data: Buffer, fill = 7): Block {
  const bytes = Buffer.alloc(1024, fill);
  bytes.writeUInt32LE(data.length, 0);
  return { bytes, uncompressedSize: data.length };
}

function inputOf(text: string | Buffer) {
  const data = Buffer.from(text);
  return { data, digest: createHash("sha256").update(data).digest("hex") };
}

const GiB = 1024 ** 3;

function openStore(root: string, most = GiB): BlockStore<Block> {
  const place = { root, host: "here" };
  return openBlockStore(place, openClaims(place), { most, least: 1, parse });
}

/** Opens a root in which the block of "one" is kept, as a process that died leaves it. */
async function rootWithBlock() {
  const root = await scratch.fresh();
  const input = inputOf("one");
  using layer = openStore(root).openLayer("xz-1", "image");
  await layer.readOrMake(input, async () => blockOf(input.data), signal);
  return { root, input, file: join(root, "blocks", `xz-1-${input.digest}`) };
}

/** What another process gets of an input: the block, and whether it was made anew. */
async function askAgain(root: string, input: ReturnType<typeof inputOf>) {
  let made = 0;
  using layer = openStore(root).openLayer("xz-1", "image");
  const { block, isReused } = await layer.readOrMake(
    input,
    async () => {
      made++;
      return blockOf(input.data);
    },
    signal,
  );
  expect(isReused).toBe(made === 0);
  return { bytes: block.bytes, isReused };
}

describe("a block", () => {
  it("is found by another process, and lies there alone", async () => {
    const { root, input, file } = await rootWithBlock();
    expect(await askAgain(root, input)).toEqual({ bytes: blockOf(input.data).bytes, isReused: true });
    expect(readdirSync(join(root, "blocks"))).toEqual([`xz-1-${input.digest}`]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(root, "blocks")).mode & 0o777).toBe(0o700);
  });

  it("of another recipe is another", async () => {
    const { root, input } = await rootWithBlock();
    using layer = openStore(root).openLayer("xz-6", "image");
    const { isReused } = await layer.readOrMake(input, async () => blockOf(input.data), signal);
    expect(isReused).toBe(false);
  });

  it("that was found counts as used now", async () => {
    const { root, input, file } = await rootWithBlock();
    utimesSync(file, new Date(0), new Date(0));
    await askAgain(root, input);
    expect(Date.now() - statSync(file).mtimeMs).toBeLessThan(60_000);
  });

  it("is made once for all who ask at a time", async () => {
    const root = await scratch.fresh();
    const input = inputOf("all");
    const store = openStore(root);
    let made = 0;
    const ask = async () => {
      using layer = store.openLayer("xz-1", "image");
      const make = async () => {
        made++;
        await new Promise((resolve) => setImmediate(resolve));
        return blockOf(input.data);
      };
      return (await layer.readOrMake(input, make, new AbortController().signal)).isReused;
    };
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    expect(made).toBe(1);
    expect(answers.filter((isReused) => !isReused)).toHaveLength(1);
  });

  it("of less than 1 MiB of input is not kept", async () => {
    const root = await scratch.fresh();
    const place = { root, host: "here" };
    using layer = openBlockStore(place, openClaims(place), { most: GiB, parse }).openLayer("xz-1", "image");
    const small = inputOf(Buffer.alloc(1024 ** 2 - 1));
    for (const _ of [1, 2]) {
      const { isReused } = await layer.readOrMake(small, async () => blockOf(small.data), signal);
      expect(isReused).toBe(false);
    }
    expect(existsSync(join(root, "blocks"))).toBe(false);
    const large = inputOf(Buffer.alloc(1024 ** 2));
    await layer.readOrMake(large, async () => blockOf(large.data), signal);
    expect(readdirSync(join(root, "blocks"))).toEqual([`xz-1-${large.digest}`]);
  });

  it("that could not be made is made by the next", async () => {
    const root = await scratch.fresh();
    const input = inputOf("next");
    using layer = openStore(root).openLayer("xz-1", "image");
    const failing = layer.readOrMake(input, () => Promise.reject(new Error("killed")), signal);
    await expect(failing).rejects.toThrow("killed");
    expect(readdirSync(join(root, "blocks"))).toEqual([]);
    expect((await askAgain(root, input)).isReused).toBe(false);
  });
});

describe("a damaged block is made again", () => {
  const damages: Record<string, (file: string, root: string) => void> = {
    "one of whose bits is another": (file) => {
      const content = readFileSync(file);
      content[500] = (content[500] ?? 0) ^ 4;
      writeFileSync(file, content);
    },
    "whose sha256 is another": (file) => {
      const content = readFileSync(file);
      content[0] = (content[0] ?? 0) ^ 1;
      writeFileSync(file, content);
    },
    "that is cut": (file) => truncateSync(file, 600),
    "that is cut within its sha256": (file) => truncateSync(file, 16),
    "that is empty": (file) => truncateSync(file, 0),
    "behind which something follows": (file) => appendFileSync(file, "more"),
    "of a size that no block has": (file) => truncateSync(file, 80 * 1024 ** 2),
    "that is a link to the right one": (file, root) => {
      copyFileSync(file, join(root, "aside"));
      rmSync(file);
      symlinkSync(join(root, "aside"), file);
    },
    "that is a link which leads nowhere": (file) => {
      rmSync(file);
      symlinkSync("/nowhere/at/all", file);
    },
    "that is a fifo": (file) => {
      rmSync(file);
      execFileSync("mkfifo", [file]);
    },
    "that is a device": (file) => {
      rmSync(file);
      execFileSync("mknod", [file, "c", "1", "5"]);
    },
  };

  it.each(Object.entries(damages))("%s", async (_, damage) => {
    const { root, input, file } = await rootWithBlock();
    const sound = readFileSync(file);
    damage(file, root);
    expect(await askAgain(root, input)).toEqual({ bytes: blockOf(input.data).bytes, isReused: false });
    expect(lstatSync(file).isFile()).toBe(true);
    expect(readFileSync(file)).toEqual(sound);
    expect((await askAgain(root, input)).isReused).toBe(true);
  });

  it("what a link led to stays as it was", async () => {
    const { root, input, file } = await rootWithBlock();
    rmSync(file);
    writeFileSync(join(root, "precious"), "precious");
    symlinkSync(join(root, "precious"), file);
    await askAgain(root, input);
    expect(readFileSync(join(root, "precious"), "utf8")).toBe("precious");
  });

  it("that is the sound one of another input of the same size", async () => {
    const { root, input, file } = await rootWithBlock();
    const other = inputOf("two");
    using layer = openStore(root).openLayer("xz-1", "image");
    await layer.readOrMake(other, async () => blockOf(other.data, 9), signal);
    copyFileSync(join(root, "blocks", `xz-1-${other.digest}`), file);
    expect(await askAgain(root, input)).toEqual({ bytes: blockOf(input.data).bytes, isReused: false });
  });

  it("that is sound, and of an input of another size", async () => {
    const root = await scratch.fresh();
    const input = inputOf("three");
    using layer = openStore(root).openLayer("xz-1", "image");
    await layer.readOrMake(input, async () => blockOf(Buffer.from("longer than it")), signal);
    expect((await askAgain(root, input)).isReused).toBe(false);
  });

  it("a directory in its place stays, and nothing is kept", async () => {
    const { root, input, file } = await rootWithBlock();
    rmSync(file);
    mkdirSync(file);
    for (const _ of [1, 2]) expect((await askAgain(root, input)).isReused).toBe(false);
    expect(readdirSync(join(root, "blocks"))).toEqual([`xz-1-${input.digest}`]);
  });
});

describe("nothing is kept, and all is made,", () => {
  it("where the directory is a link", async () => {
    const root = await scratch.fresh();
    mkdirSync(join(root, "elsewhere"));
    symlinkSync("elsewhere", join(root, "blocks"));
    for (const _ of [1, 2]) expect((await askAgain(root, inputOf("one"))).isReused).toBe(false);
    expect(readdirSync(join(root, "elsewhere"))).toEqual([]);
  });

  it("where a file is in the place of the directory", async () => {
    const root = await scratch.fresh();
    writeFileSync(join(root, "blocks"), "");
    for (const _ of [1, 2]) expect((await askAgain(root, inputOf("one"))).isReused).toBe(false);
  });

  it("where the root is gone, and it is not made again", async () => {
    const root = join(await scratch.fresh(), "gone");
    expect((await askAgain(root, inputOf("one"))).isReused).toBe(false);
    expect(existsSync(root)).toBe(false);
  });

  it("on a full disk", async () => {
    const root = await scratch.fresh();
    await shell(`mount -t tmpfs -o size=64k tmpfs ${root}`);
    try {
      await shell(`cat /dev/zero > ${root}/filler 2>/dev/null || true`);
      mkdirSync(join(root, "blocks"), { recursive: true });
      expect((await askAgain(root, inputOf("one"))).isReused).toBe(false);
      expect(readdirSync(join(root, "blocks"))).toEqual([]);
      rmSync(join(root, "filler"));
      expect((await askAgain(root, inputOf("one"))).isReused).toBe(false);
      expect((await askAgain(root, inputOf("one"))).isReused).toBe(true);
    } finally {
      await shell(`umount ${root}`);
    }
  });

  it("on a disk that cannot be written, and what is there is read", async () => {
    const { root, input } = await rootWithBlock();
    await shell(`mount --bind ${root} ${root} && mount -o remount,bind,ro ${root}`);
    try {
      expect((await askAgain(root, input)).isReused).toBe(true);
      expect((await askAgain(root, inputOf("new"))).isReused).toBe(false);
    } finally {
      await shell(`umount ${root}`);
    }
  });
});

describe("when a checksum is stored", () => {
  it("its blocks go, also those that were only reused", async () => {
    const { root, input } = await rootWithBlock();
    using layer = openStore(root).openLayer("xz-1", "image");
    for (const each of [input, inputOf("two")])
      await layer.readOrMake(each, async () => blockOf(each.data), signal);
    expect(readdirSync(join(root, "blocks"))).toHaveLength(2);
    await layer.removeOnce(async () => {});
    expect(readdirSync(join(root, "blocks"))).toEqual([]);
  });

  it("those of other layers that are at work stay, and go with the last", async () => {
    const { root, input } = await rootWithBlock();
    const store = openStore(root);
    using one = store.openLayer("xz-1", "one");
    using other = store.openLayer("xz-1", "other");
    for (const layer of [one, other]) await layer.readOrMake(input, async () => blockOf(input.data), signal);
    await one.removeOnce(async () => {});
    expect(readdirSync(join(root, "blocks"))).toHaveLength(1);
    await other.removeOnce(async () => {});
    expect(readdirSync(join(root, "blocks"))).toEqual([]);
  });

  it("they stay if it cannot be stored", async () => {
    const { root, input } = await rootWithBlock();
    using layer = openStore(root).openLayer("xz-1", "image");
    await layer.readOrMake(input, async () => blockOf(input.data), signal);
    await expect(layer.removeOnce(() => Promise.reject(new Error("full")))).rejects.toThrow("full");
    expect((await askAgain(root, input)).isReused).toBe(true);
  });

  it("what a process leaves that dies before it has removed them, whoever finds the checksum removes", async () => {
    const { root, input } = await rootWithBlock();
    const layer = openStore(root).openLayer("xz-1", "image");
    await layer.readOrMake(input, async () => blockOf(input.data), signal);
    // It never comes back from the store.
    await new Promise<void>((resolve) => {
      void layer.removeOnce(() => {
        resolve();
        return new Promise(() => {});
      });
    });
    expect(readdirSync(join(root, "blocks"))).toHaveLength(2);
    await openStore(root).removeStored("xz-6", "image");
    await openStore(root).removeStored("xz-1", "other");
    expect(readdirSync(join(root, "blocks"))).toHaveLength(2);
    await openStore(root).removeStored("xz-1", "image");
    expect(readdirSync(join(root, "blocks"))).toEqual([]);
  });

  it("a list that names other files than blocks removes none of them, and a link in its place is not followed", async () => {
    const { root, input } = await rootWithBlock();
    const list = join(root, "blocks/xz-1:image.stored");
    writeFileSync(join(root, "precious"), "");
    writeFileSync(list, `../precious\nxz-1-${input.digest}/..\n`);
    await openStore(root).removeStored("xz-1", "image");
    expect(readdirSync(root).sort()).toEqual(["blocks", "precious"]);
    symlinkSync("../precious", list);
    const layer = openStore(root).openLayer("xz-1", "image");
    await layer.readOrMake(input, async () => blockOf(input.data), signal);
    await layer.removeOnce(async () => {});
    expect(readFileSync(join(root, "precious"), "utf8")).toBe("");
    expect(readdirSync(join(root, "blocks"))).toEqual([]);
  });
});

describe("the bound", () => {
  const fileSize = 32 + 1024;
  const sizeOf = (root: string) =>
    readdirSync(join(root, "blocks")).reduce(
      (sum, name) => sum + lstatSync(join(root, "blocks", name)).size,
      0,
    );
  const inputs = Array.from({ length: 8 }, (_, at) => inputOf(`input ${at}`));
  const named = (at: number) => `xz-1-${inputs[at]?.digest}`;

  async function keepAll(store: BlockStore<Block>, which: readonly ReturnType<typeof inputOf>[]) {
    const layer = store.openLayer("xz-1", "image");
    for (const input of which) await layer.readOrMake(input, async () => blockOf(input.data), signal);
    return layer;
  }

  it("lets the oldest go", async () => {
    const root = await scratch.fresh();
    (await keepAll(openStore(root), inputs.slice(0, 4)))[Symbol.dispose]();
    // Used last, by another process.
    [2, 0, 3, 1].forEach((at, order) => {
      utimesSync(join(root, "blocks", named(at)), order + 1, order + 1);
    });
    (await keepAll(openStore(root, 4 * fileSize), inputs.slice(4, 6)))[Symbol.dispose]();
    expect(new Set(readdirSync(join(root, "blocks")))).toEqual(new Set([3, 1, 4, 5].map(named)));
  });

  it("keeps the first blocks of a layer that is larger, which is found by the next try", async () => {
    const root = await scratch.fresh();
    for (const _ of ["first", "second"]) {
      (await keepAll(openStore(root, 3 * fileSize), inputs))[Symbol.dispose]();
      expect(new Set(readdirSync(join(root, "blocks")))).toEqual(new Set([0, 1, 2].map(named)));
    }
  });

  it("is never passed, whatever is kept and let go", async () => {
    const root = await scratch.fresh();
    const store = openStore(root, 5 * fileSize - 1);
    for (let round = 0; round < 40; round++) {
      const input = inputOf(randomBytes(8));
      const layer = await keepAll(store, [input, inputOf(`again ${round % 7}`)]);
      if (round % 3 === 0) await layer.removeOnce(async () => {});
      else layer[Symbol.dispose]();
      expect(sizeOf(root)).toBeLessThan(5 * fileSize);
    }
  });

  it("smaller than a block keeps nothing", async () => {
    const root = await scratch.fresh();
    (await keepAll(openStore(root, fileSize - 1), inputs))[Symbol.dispose]();
    expect(readdirSync(join(root, "blocks"))).toEqual([]);
  });

  it("leaves other files alone", async () => {
    const root = await scratch.fresh();
    mkdirSync(join(root, "blocks"));
    writeFileSync(join(root, "blocks/somebody's"), Buffer.alloc(10 * fileSize));
    (await keepAll(openStore(root, 2 * fileSize), inputs))[Symbol.dispose]();
    expect(readdirSync(join(root, "blocks"))).toHaveLength(3);
  });
});
