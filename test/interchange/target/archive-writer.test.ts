// The archives that exports are written into, as GNU tar, bsdtar and sha256sum see them.
import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatFileHeader } from "../../../src/interchange/target/archive-header.js";
import { createArchive } from "../../../src/interchange/target/archive-writer.js";
import { shell } from "../../support/processes/shell.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();

/** What is done to an archive, and how many bytes each chunk of it has. */
interface Step {
  readonly kind: "add" | "written" | "rewound" | "left out";
  readonly chunks: readonly number[];
}

// Around the ends of a block, and of what is gathered before it is written.
const sizes = fc.oneof(
  fc.integer({ min: 0, max: 2_000 }),
  fc.constantFrom(511, 512, 513, 1024 ** 2 - 1536, 1024 ** 2 - 1, 1024 ** 2, 1024 ** 2 + 1, 2_500_000),
);
const step = fc.record({
  kind: fc.constantFrom("add" as const, "written" as const, "rewound" as const, "left out" as const),
  chunks: fc.array(sizes, { maxLength: 4 }),
});

const contentOf = ({ chunks }: Step, seed: number) =>
  chunks.map((size, at) => Buffer.alloc(size, String.fromCharCode(97 + ((seed + at) % 26))));

/** Writes an archive by the steps; returns the content that each path must have. */
async function writeBy(steps: readonly Step[], path: string) {
  const expected = new Map<string, Buffer>();
  await using archive = await createArchive(path);
  for (const [at, step] of steps.entries()) {
    const name = `${at}/${step.kind.replace(" ", "-")}`;
    const chunks = contentOf(step, at);
    if (step.kind === "add") await archive.add(name, Buffer.concat(chunks));
    else {
      await archive.addWritten(async (body) => {
        if (step.kind === "rewound") {
          for (const chunk of [...chunks, Buffer.from("to be taken back")]) await body.write(chunk);
          body.rewind();
        }
        for (const chunk of chunks) await body.write(chunk);
        return step.kind === "left out" ? undefined : name;
      });
    }
    if (step.kind !== "left out") expected.set(name, Buffer.concat(chunks));
  }
  return { expected, ...(await archive.finish()) };
}

describe("an archive", () => {
  it("holds what was written, in that order, and nothing that was taken back", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        const directory = mkdtempSync(join(scratch.path, "archive-"));
        const path = join(directory, "it.tar");
        const { expected, bytes, digest } = await writeBy(steps, path);
        expect(readFileSync(path).length).toBe(bytes);
        expect(`${digest.slice("sha256:".length)}  ${path}\n`).toBe(String(await shell(`sha256sum ${path}`)));
        const names = [...expected.keys()];
        const list = String(await shell(`tar -tf ${path}`))
          .split("\n")
          .slice(0, -1);
        expect(list).toEqual(names);
        await shell(`mkdir tree && tar -xf ${path} -C tree`, { cwd: directory });
        for (const [name, content] of expected) {
          expect(readFileSync(join(directory, "tree", name)).equals(content), name).toBe(true);
        }
      }),
      { numRuns: 12, examples: [[[{ kind: "left out", chunks: [2_500_000] }]]] },
    );
  });

  it("is listed by GNU tar and bsdtar alike, with paths as long as an id and a layer's name make them", async () => {
    const path = join(await scratch.fresh(), "it.tar");
    const names = [
      "index.json",
      `${"i".repeat(128)}/layer.tar`,
      `blobs/sha256/${"0".repeat(64)}`,
      "n".repeat(100),
    ];
    await using archive = await createArchive(path);
    for (const name of names) await archive.add(name, name);
    await archive.finish();
    for (const program of ["tar", "bsdtar"]) {
      const { stdout } = await execa(program, ["-tf", path]);
      expect(stdout.split("\n")).toEqual(names);
    }
  });

  it("is not written over another", async () => {
    const path = join(await scratch.fresh(), "it.tar");
    writeFileSync(path, "precious");
    await expect(createArchive(path)).rejects.toMatchObject({ code: "EEXIST" });
    expect(readFileSync(path, "utf8")).toBe("precious");
  });
});

describe("the header of a file", () => {
  const gib = 1024 ** 3;

  it.each([
    ["the last that ustar holds", 8 * gib - 1],
    ["the first that it does not", 8 * gib],
    ["far beyond it", 5_000 * gib + 1],
  ])("of %s tells GNU tar and bsdtar its size", async (_, size) => {
    const path = join(await scratch.fresh(), "large.tar");
    writeFileSync(path, formatFileHeader("large", size));
    truncateSync(path, 1536 + Math.ceil(size / 512) * 512 + 1024);
    const gnu = await execa("tar", ["-tvf", path, "--numeric-owner", "--utc"]);
    expect(gnu.stdout.replaceAll(/ +/g, " ")).toBe(`-rw-r--r-- 0/0 ${size} 1970-01-01 00:00 large`);
    const bsd = await execa("bsdtar", ["-tvf", path], { env: { TZ: "UTC" } });
    expect(bsd.stdout.split(/ +/)[4]).toBe(String(size));
  });

  it("takes no path that ustar cannot hold", () => {
    expect(() => formatFileHeader("n".repeat(101), 0)).toThrow(RangeError);
    expect(() => formatFileHeader(`${"d".repeat(156)}/n`, 0)).toThrow(RangeError);
  });
});
