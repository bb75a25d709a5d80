// The files of an archive, found by name without unpacking it: those that GNU tar and bsdtar unpack.
import { execFileSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { openArchive } from "../../../../src/interchange/source/files/archive-files.js";
import type { SourceFiles } from "../../../../src/interchange/source/files/files.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { archive, entry, longName, pax } from "../../../support/trees/crafted-tar.js";

const scratch = useScratchDirectory();

async function within<T>(path: string, use: (files: SourceFiles) => Promise<T>): Promise<T> {
  await using file = await open(path, "r");
  await using files = await openArchive(file);
  return await use(files);
}

async function contentOf(files: SourceFiles, name: string): Promise<string | undefined> {
  const found = await files.find(name);
  if (found === undefined) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of await found.open()) chunks.push(chunk as Buffer);
  const content = Buffer.concat(chunks);
  expect(content).toHaveLength(found.size);
  return content.toString();
}

const part = fc.oneof(
  fc.stringMatching(/^[a-z0-9][a-z0-9 ._-]{0,12}$/),
  fc.stringMatching(/^[a-z]{90,120}$/),
  fc.constantFrom("é", "日本", "-x", "a'b", "...", "x".repeat(200)),
);
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const tree = fc.uniqueArray(fc.tuple(path, fc.nat(2_000)), {
  minLength: 1,
  maxLength: 8,
  selector: ([name]) => name,
});
const archivers = [
  ["tar", "--no-unquote", "--format=gnu"],
  ["tar", "--no-unquote", "--format=posix"],
  ["tar", "--no-unquote", "--format=oldgnu"],
  ["bsdtar", "--format=pax"],
  ["bsdtar", "--format=gnutar"],
] as const;

it("has the files of any tree that GNU tar or bsdtar packed, through links as well", async () => {
  await fc.assert(
    fc.asyncProperty(
      tree,
      fc.constantFrom(...archivers),
      fc.boolean(),
      async (files, [tool, ...options], dot) => {
        const directory = await scratch.fresh();
        const names: string[] = [];
        for (const [name, size] of files) {
          const at = join(directory, "t", name);
          try {
            mkdirSync(dirname(at), { recursive: true });
            writeFileSync(at, `${name}\n`.padEnd(size, "."), { flag: "wx" });
          } catch {
            // Another's name is a directory of this one's.
            continue;
          }
          names.push(name);
        }
        const target = names[0] as string;
        symlinkSync(posix.join("..", "t", ".", target), join(directory, "t/symlink.of"));
        linkSync(join(directory, "t", target), join(directory, "t/hardlink.of"));
        mkdirSync(join(directory, "t/below.it"));
        symlinkSync(`../${target}`, join(directory, "t/below.it/up"));
        const packed = join(directory, "a.tar");
        const what = dot
          ? ["."]
          : [
              "--",
              ...new Set([
                ...names.map((name) => name.split("/")[0] as string),
                "hardlink.of",
                "symlink.of",
                "below.it",
              ]),
            ];
        execFileSync(tool, ["-C", join(directory, "t"), ...options, "-cf", packed, ...what]);
        await within(packed, async (found) => {
          for (const name of [...names, "hardlink.of", "below.it/up"]) {
            expect(await contentOf(found, name)).toBe(readFileSync(join(directory, "t", name), "utf8"));
            expect(await contentOf(found, `./${name.replace("/", "//")}`)).toBe(await contentOf(found, name));
          }
          expect(readlinkSync(join(directory, "t/symlink.of"))).toMatch(/^\.\.\/t\//);
          await expect(found.find("symlink.of")).rejects.toMatchObject({ code: "UNSAFE_ENTRY" });
          expect(await found.find(`${target}.not`)).toBeUndefined();
        });
      },
    ),
    { numRuns: 40 },
  );
});

it("has of several entries of a name the last, and by a hard link the one before it, as tar does", async () => {
  const directory = await scratch.fresh();
  const packed = join(directory, "a.tar");
  writeFileSync(
    packed,
    archive(
      entry({ name: "f" }, "first"),
      entry({ name: "link", type: "1", linkName: "f" }),
      entry({ name: "./f" }, "second"),
    ),
  );
  execFileSync("tar", ["-C", directory, "-xf", packed]);
  await within(packed, async (files) => {
    for (const name of ["f", "link"])
      expect(await contentOf(files, name)).toBe(readFileSync(join(directory, name), "utf8"));
  });
});

it("finds names that stand in extended headers of either kind", async () => {
  const packed = join(await scratch.fresh(), "a.tar");
  const long = "n".repeat(300);
  writeFileSync(
    packed,
    archive(
      Buffer.concat([longName(`${long}/gnu`), entry({ name: "cut" }, "1")]),
      Buffer.concat([pax([["path", `${long}/pax`]]), entry({ name: "cut" }, "2")]),
      Buffer.concat([longName(`${long}/gnu`, "K"), entry({ name: "link", type: "2" })]),
    ),
  );
  await within(packed, async (files) => {
    expect(await contentOf(files, `${long}/gnu`)).toBe("1");
    expect(await contentOf(files, `${long}/pax`)).toBe("2");
    expect(await contentOf(files, "link")).toBe("1");
    expect(await files.find("cut")).toBeUndefined();
    expect(await files.directories()).toEqual([long]);
  });
});

it("reads files beyond 8 GiB of an archive", async () => {
  const directory = await scratch.fresh();
  const packed = join(directory, "a.tar");
  const size = 9 * 1024 ** 3;
  // Its content is a hole, here and in the archive.
  writeFileSync(packed, Buffer.concat([pax([["size", `${size}`]]), entry({ name: "large", size: 0 })]));
  truncateSync(packed, 3 * 512 + size);
  writeFileSync(packed, archive(entry({ name: "behind" }, "here")), { flag: "a" });
  expect(execFileSync("tar", ["-tf", packed], { encoding: "utf8" })).toBe("large\nbehind\n");
  await within(packed, async (files) => {
    expect(await contentOf(files, "behind")).toBe("here");
    expect((await files.find("large"))?.size).toBe(size);
  });
});

it("stops where a file became shorter while it was read", async () => {
  const packed = join(await scratch.fresh(), "a.tar");
  writeFileSync(packed, archive(entry({ name: "f" }, "x".repeat(100_000))));
  await within(packed, async (files) => {
    truncateSync(packed, 10_000);
    await expect(contentOf(files, "f")).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
  });
});
