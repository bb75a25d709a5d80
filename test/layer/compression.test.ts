import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { detectCompression, headBytes } from "../../src/layer/compression.js";
import { archive, entry, gnuMagic } from "../support/trees/crafted-tar.js";

const head = (bytes: Uint8Array) => Buffer.from(bytes).subarray(0, headBytes);

describe("an archive is known by its first bytes", () => {
  test.each(["gzip", "bzip2", "xz", "zstd"] as const)("when %s made it, even of nothing", async (tool) => {
    for (const input of ["content\n".repeat(1000), ""]) {
      const { stdout } = await execa(tool, ["-c"], { input, encoding: "buffer" });
      expect(detectCompression(head(stdout))).toBe(tool);
    }
  });

  test("when a skippable frame of zstd comes first, as in archives of pzstd", () => {
    expect(detectCompression(Buffer.from("502a4d18040000000000000028b52ffd", "hex"))).toBe("zstd");
  });

  test.each(["posix", "gnu", "ustar", "v7", "oldgnu"])(
    "when tar made it in the format %s",
    async (format) => {
      const args = ["-c", `--format=${format}`, "-C", "/etc", "hostname"];
      const { stdout } = await execa("tar", args, { encoding: "buffer" });
      expect(detectCompression(head(stdout))).toBe("none");
    },
  );

  test("when its first file is named like the magic number of something else", () => {
    for (const name of ["BZh91AY&SY", "\x1f\x8b\x08", "\xfd7zXZ", "\x28\xb5\x2f\xfd"]) {
      expect(detectCompression(head(archive(entry({ name }))))).toBe("none");
    }
  });

  test("when it is a tar with a damaged first header, or has no entries", () => {
    const damaged = entry({ name: "a", magic: gnuMagic });
    damaged[0] = 0x62;
    expect(detectCompression(head(damaged))).toBe("none");
    expect(detectCompression(Buffer.alloc(headBytes))).toBe("none");
  });
});

test("what begins like none of these is undefined", () => {
  const heads = ["", "\0", "PK\x03\x04", "BZh9", "BZh0AAAAAA", "\x1f", "#!/bin/sh\n", "\0".repeat(600)];
  for (const bytes of heads) expect(detectCompression(Buffer.from(bytes, "latin1"))).toBeUndefined();
});
