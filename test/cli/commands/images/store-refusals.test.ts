// stevedore store: what is refused, how it is said, and that nothing is left of it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../support/processes/command.js";
import { shell } from "../../../support/processes/shell.js";
import { type Ended, noRedisRuns, type Running, serveRoot } from "../../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { archive, entry, pad } from "../../../support/trees/crafted-tar.js";

const scratch = useScratchDirectory();
let root: string;
let up: Running;
const good = archive(entry({ name: "etc/", type: "5" }), entry({ name: "etc/passwd" }, "root:x:0:0\n"));

beforeAll(async () => {
  root = join(scratch.path, "root");
  up = await serveRoot(root);
  writeFileSync(join(scratch.path, "good.tar"), good);
  for (const id of ["twin-a", "twin-b"]) {
    expect((await runCommand(["store", join(scratch.path, "good.tar"), "--id", id], { root })).code).toBe(0);
  }
  await up.says(/completed(.|\n)*completed/);
});
afterAll(() => up.stop());

/** A refusal says its code and the input on stderr, and is the one document on stdout. */
function expectRefused({ code, stdout, stderr, json }: Ended, expected: string, named: string): void {
  expect({ code, json, stdout }).toEqual({
    code: 1,
    json: { error: { code: expected, message: expect.stringContaining(named) } },
    stdout: expect.stringMatching(/^.*\n$/),
  });
  expect(stderr).toContain(`stevedore: ${expected}: `);
  expect(stderr).toContain(named);
}

describe.concurrent("stevedore store refuses an archive", () => {
  it.each<[name: string, code: string, bytes: () => Buffer | Promise<Buffer>]>([
    ["that is empty", "BAD_ARCHIVE", () => Buffer.alloc(0)],
    ["that is none", "BAD_ARCHIVE", () => Buffer.from("once upon a time".repeat(200))],
    ["cut in a header", "BAD_ARCHIVE", () => good.subarray(0, 700)],
    ["cut in a body", "BAD_ARCHIVE", () => good.subarray(0, 1030)],
    ["cut between entries", "BAD_ARCHIVE", () => good.subarray(0, 512)],
    ["cut in its gzip stream", "BAD_ARCHIVE", async () => (await packed("gzip -c")).subarray(0, -9)],
    ["cut in its xz stream", "BAD_ARCHIVE", async () => (await packed("xz -c")).subarray(0, -30)],
    ["with a byte of its gzip stream flipped", "BAD_ARCHIVE", async () => flipped(await packed("gzip -c"))],
    ["with a byte of its xz stream flipped", "BAD_ARCHIVE", async () => flipped(await packed("xz -c"))],
    ["with a name above the layer", "UNSAFE_ENTRY", () => archive(entry({ name: "../x" }, "x"))],
    ["with an absolute name that leads up", "UNSAFE_ENTRY", () => archive(entry({ name: "/../x" }, "x"))],
    [
      "with a hard link to above the layer",
      "UNSAFE_ENTRY",
      () => archive(entry({ name: "x", type: "1", linkName: "../x" })),
    ],
    [
      "that writes through a symbolic link that leads out",
      "UNSAFE_ENTRY",
      () =>
        archive(
          entry({ name: "out", type: "2", linkName: "../etc" }),
          entry({ name: "out/stevedore-test" }, "x"),
        ),
    ],
    [
      "that links through a symbolic link that leads out",
      "UNSAFE_ENTRY",
      () =>
        archive(
          entry({ name: "out", type: "2", linkName: "../etc" }),
          entry({ name: "link", type: "1", linkName: "out/passwd" }),
        ),
    ],
    [
      "that links to a file of the host",
      "BAD_ARCHIVE",
      () =>
        archive(
          entry({ name: "out", type: "2", linkName: "/etc" }),
          entry({ name: "link", type: "1", linkName: "out/passwd" }),
        ),
    ],
  ])("%s", async (name, code, bytes) => {
    const file = `${name.replaceAll(" ", "-")}.tar`;
    writeFileSync(join(scratch.path, file), await bytes());
    expectRefused(await store([file]), code, file);
  });

  it("whose names would write on the terminal, and escapes them", async () => {
    writeFileSync(join(scratch.path, "escape.tar"), archive(entry({ name: "../\u001b[2J" }, "x")));
    const refused = await store(["escape.tar"]);
    expectRefused(refused, "UNSAFE_ENTRY", "escape.tar");
    expect(refused.stderr).not.toContain("\u001b");
  });

  it.each(["xz", "zstd"])("that unpacks to 10 GB of zeros: %s", async (compressor) => {
    const file = await bomb(compressor);
    expectRefused(await store([file]), "LIMIT_EXCEEDED", file);
  });
});

describe.concurrent("stevedore store refuses a flag", () => {
  it.each([
    ...["a/b", "..", "a:b", ":tmp:", "", "-rf", "x".repeat(129)].map((id) => [
      `--id=${id}`,
      "INVALID_ID",
      id,
    ]),
    ["--parent=nobody", "PARENT_NOT_FOUND", "nobody"],
    ["--parent=twin", "AMBIGUOUS_ID", "twin-a, twin-b"],
    ["--parent=", "INVALID_ID", '""'],
    ["--created=yesterday", "INVALID_JOB", "created"],
    ["--checksum=md5", "UNKNOWN_RECIPE", '"md5": use xz-6, xz-1, docker'],
  ])("%s", async (flag = "", code = "", named = "") => {
    expectRefused(await store(["good.tar", flag]), code, named);
  });

  it.each([
    ["that is no JSON", "INVALID_JOB", Buffer.from("{"), "JSON"],
    ["that is not UTF-8", "INVALID_JOB", Buffer.from('{"id":"a","comment":"\xff"}', "latin1"), "UTF-8"],
    ["with an id that is none", "INVALID_ID", Buffer.from('{"id":"../a"}'), "../a"],
    ["without an id", "INVALID_ID", Buffer.from("{}"), ""],
  ])("--json-file with a record %s", async (name, code, bytes, named) => {
    const file = join(scratch.path, `record-${name.replaceAll(" ", "-")}`);
    writeFileSync(file, bytes);
    expectRefused(await store(["good.tar", "--json-file", file]), code, named);
  });

  it("--json-file with a file that is not there, and a source that is not there", async () => {
    expectRefused(
      await store(["good.tar", "--json-file", join(scratch.path, "nowhere.json")]),
      "SOURCE_NOT_FOUND",
      "nowhere.json",
    );
    expectRefused(await store(["nowhere.tar"]), "SOURCE_NOT_FOUND", "nowhere.tar");
    expectRefused(await store(["/dev/null"]), "SOURCE_FORBIDDEN", "/dev/null");
  });

  it("--json-file beside the fields of a record, as wrong usage", async () => {
    writeFileSync(join(scratch.path, "record.json"), '{"id":"a"}');
    const { code, json, stderr } = await store([
      "good.tar",
      "--id",
      "b",
      "--json-file",
      join(scratch.path, "record.json"),
    ]);
    expect({ code, json }).toMatchObject({ code: 2, json: { error: { code: "INVALID_OPTION" } } });
    expect(stderr).toContain("--id");
  });
});

describe("after all that stevedore store refused", () => {
  it("the graph holds what it held, and neither staging nor the inbox holds anything", async () => {
    const { json } = await runCommand(["images", "--json"], { root });
    expect(json.map(({ id }: { id: string }) => id)).toEqual(["twin-a", "twin-b"]);
    expect(readdirSync(join(root, "graph")).sort()).toEqual([":tmp:", "twin-a", "twin-b"]);
    expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
    expect(readdirSync(join(root, "inbox"))).toEqual([]);
    expect(["/x", "/etc/stevedore-test"].filter((path) => existsSync(path))).toEqual([]);
  });

  it("a limit of the user's own holds for the command's own worker", async () => {
    const own = join(scratch.path, "own");
    const refused = await runCommand(
      ["store", join(scratch.path, "good.tar"), "--max-layer-bytes", "10", "--json"],
      { root: own },
    );
    expectRefused(refused, "LIMIT_EXCEEDED", "good.tar");
    expect(readdirSync(join(own, "graph")).filter((name) => name !== ":tmp:")).toEqual([]);
    expect(readdirSync(join(own, "inbox"))).toEqual([]);
    expect(noRedisRuns(own)).toBe(true);
  });
});

/** Stores a file of the scratch directory. */
function store([source = "", ...flags]: readonly string[]): Promise<Ended> {
  return runCommand(["store", resolve(scratch.path, source), ...flags, "--json"], { root });
}

/** The good archive, compressed. */
function packed(compressor: string): Promise<Buffer> {
  return shell(compressor, { input: good });
}

function flipped(bytes: Buffer): Buffer {
  const at = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  return bytes;
}

/** A file of 10 GiB of zeros in a tar: all formats may be joined stream by stream, so only 64 MiB are compressed. */
async function bomb(compressor: string): Promise<string> {
  const file = `bomb.${compressor}`;
  const streams = 160;
  // The size in base 256, as GNU tar writes what does not fit in octal digits.
  const size = Buffer.alloc(12);
  size.writeUInt8(0x80);
  size.writeBigUInt64BE(BigInt(streams) * 64n * 1024n ** 2n, 4);
  const header = entry({ name: "zeros", magic: "ustar  \0", patches: { 124: size.toString("latin1") } });
  const zeros = await shell(`head -c 64M /dev/zero | ${compressor} -1 -c`);
  const head = await shell(`${compressor} -c`, { input: header });
  const end = await shell(`${compressor} -c`, { input: pad(Buffer.alloc(1024)) });
  writeFileSync(join(scratch.path, file), Buffer.concat([head, ...Array(streams).fill(zeros), end]));
  expect(readFileSync(join(scratch.path, file)).length).toBeLessThan(4 * 1024 ** 2);
  return file;
}
