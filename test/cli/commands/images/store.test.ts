// stevedore store: what goes in, as a user hands it in, and what is then on the disk.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../support/processes/command.js";
import { type Running, serveRoot } from "../../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { thenFill } from "../../../support/trees/documented-tar.js";
import { makeRichTree } from "../../../support/trees/rich-tree.js";
import { listTree } from "../../../support/trees/tree-listing.js";

const scratch = useScratchDirectory();
let root: string;
let up: Running;
/** A small tree, and its archive. */
let tree: string;
let archive: string;

beforeAll(async () => {
  root = join(scratch.path, "root");
  up = await serveRoot(root);
  tree = join(scratch.path, "tree");
  archive = join(scratch.path, "tree.tar");
  await mkdir(join(tree, "etc"), { recursive: true });
  writeFileSync(join(tree, "etc/passwd"), "root:x:0:0\n");
  // Whole seconds: the archive, in tar's old format, holds no more.
  await bash('find "$1" -exec touch -d "2013-06-01 12:00:00" {} +; tar -C "$1" -cf "$2" .', tree, archive);
});
afterAll(async () => {
  expect((await up.stop()).code).toBe(0);
});

/** Stores the archive under this id and the name `web`. */
function named(id: string) {
  return runCommand(["store", archive, "--id", id, "--name", "web"], { root });
}

describe("stevedore store", () => {
  it.each([
    ["gzip", "gzip -c"],
    ["xz", "xz -c"],
    ["bzip2", "bzip2 -c"],
    ["zstd", "zstd -c"],
    ["none", "cat"],
  ])("knows an archive by its bytes, whatever its name: %s", async (compression, compressor) => {
    const misnamed = join(scratch.path, `archive-${compression}.png`);
    await bash(`${compressor} < "$1" > "$2"`, archive, misnamed);
    const { code, json } = await runCommand(["store", misnamed, "--json"], { root });
    expect(code).toBe(0);
    expect(json).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      parent: null,
      diffId: `sha256:${sha256(readFileSync(archive))}`,
      layerBytes: 11,
      entries: 2,
      compression,
      stored: true,
      durationMs: expect.any(Number),
    });
    expect(await listTree(layerOf(json.id))).toEqual(await listTree(tree));
  });

  it("takes a directory, or an archive from stdin, and prints the id alone", async () => {
    const [directory, stdin] = await Promise.all([
      runCommand(["store", tree], { root }),
      runCommand(["store", "-", "--id", "from-stdin"], { root, stdin: readFileSync(archive) }),
    ]);
    expect(directory).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
    expect(stdin).toMatchObject({ code: 0, stdout: "from-stdin\n" });
    const expected = await listTree(tree);
    expect(await listTree(layerOf(directory.stdout.trim()))).toEqual(expected);
    expect(await listTree(layerOf("from-stdin"))).toEqual(expected);
    expect(readdirSync(join(root, "inbox"))).toEqual([]);
  });

  it("writes the record as Docker does, the parent found by a prefix", async () => {
    const parent = await runCommand(["store", archive, "--id", "family-father"], { root });
    expect(parent.code).toBe(0);
    const flags = [
      "--created",
      "2013-05-01T12:00:00.123456789Z",
      "--author",
      "Ä. Author",
      "--comment",
      "<a> & b",
    ];
    const child = await runCommand(
      ["store", archive, "--id", "family-son", "--parent", "family-f", ...flags, "--json"],
      { root },
    );
    expect(child.json).toMatchObject({ id: "family-son", parent: "family-father" });
    expect(readFileSync(join(root, "graph/family-son/json"), "utf8")).toBe(
      '{"id":"family-son","parent":"family-father","comment":"<a> & b",' +
        '"created":"2013-05-01T12:00:00.123456789Z","container_config":{},"author":"Ä. Author"}',
    );
  });

  it("keeps a record from a file byte for byte", async () => {
    const record = '{ "future": [1, 2.50],\n\t"id": "by-file", "created":"2013-01-01T00:00:00Z" }\n\n';
    const file = join(scratch.path, "record.json");
    writeFileSync(file, record);
    const { code, stdout } = await runCommand(["store", archive, "--json-file", file], { root });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "by-file\n" });
    expect(readFileSync(join(root, "graph/by-file/json"), "utf8")).toBe(record);
  });

  it("fails for an id that is taken, or skips it if told so", async () => {
    await runCommand(["store", archive, "--id", "taken"], { root });
    const before = await listTree(join(root, "graph/taken"));
    const [fails, skips] = await Promise.all([
      runCommand(["store", archive, "--id", "taken", "--if-exists", "fail", "--json"], { root }),
      runCommand(["store", tree, "--id", "taken", "--if-exists", "skip", "--json"], { root }),
    ]);
    expect(fails).toMatchObject({ code: 1, stderr: expect.stringMatching(/IMAGE_EXISTS: .*taken/) });
    expect(fails.json).toEqual({
      error: { code: "IMAGE_EXISTS", message: expect.stringContaining("taken") },
    });
    expect(skips).toMatchObject({ code: 0, json: { id: "taken", stored: false, compression: null } });
    expect(await listTree(join(root, "graph/taken"))).toEqual(before);
  });

  it("gives a name with the image, and tells whose it was", async () => {
    const [first, second] = [await named("first-named"), await named("second-named")];
    expect(first).toMatchObject({ code: 0, stdout: "first-named\n", stderr: "" });
    expect(second).toMatchObject({
      code: 0,
      stdout: "second-named\n",
      stderr: "stevedore: web:latest was the name of first-named\n",
    });
    const { json } = await runCommand(["inspect", "web", "--json"], { root });
    expect(json).toMatchObject({ id: "second-named", names: ["web:latest"] });
    const bad = await runCommand(["store", archive, "--name", "Web"], { root });
    expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining("INVALID_NAME") });
  });

  it("leaves the work to others with --detach, and job tells what became of it", async () => {
    const detached = await runCommand(["store", archive, "--id", "detached", "--detach", "--json"], { root });
    expect(detached).toMatchObject({ code: 0, json: { name: "store", queue: "store" } });
    const { id } = detached.json;
    await up.says(new RegExp(`store ${id} completed`));
    const job = await runCommand(["job", id, "--json"], { root });
    expect(job).toMatchObject({
      code: 0,
      json: { id, state: "completed", result: { id: "detached", stored: true } },
    });
    expect(readdirSync(join(root, "inbox"))).toEqual([]);
  });

  it("stores a large real tree exactly as GNU tar unpacks it", async () => {
    const source = await scratch.fresh();
    await bash(
      'find /usr -xdev -size -32k -print0 | head -z -n 5200 | tar --null --no-recursion -T - -cf - | tar -C "$1" -xf -',
      source,
    );
    await mkdir(join(source, "rich"));
    await makeRichTree(join(source, "rich"));
    const large = join(scratch.path, "large.tar");
    const expected = await scratch.fresh();
    const xattrs = "--xattrs --xattrs-include='security.capability' --xattrs-include='user.*'";
    await bash(`tar ${xattrs} -C "$1" -cf "$2" .`, source, large);
    await bash(`tar ${xattrs} -C "$1" --numeric-owner --same-owner -pxf "$2"`, expected, large);

    const { json } = await runCommand(["store", large, "--json"], { root });
    expect(json.entries).toBeGreaterThan(5_000);
    expect(json.diffId).toBe(`sha256:${sha256(readFileSync(large))}`);
    expect(await listTree(layerOf(json.id))).toEqual(await listTree(expected));
  });

  it("gives the same checksum in any root, also where the archive names no directories, and so does a shell", async () => {
    const sparse = join(scratch.path, "no-directories.tar");
    await bash('tar -C "$1" -cf "$2" etc/passwd', tree, sparse);
    const record = join(scratch.path, "same.json");
    writeFileSync(record, '{"id":"same","created":"2013-01-01T00:00:00Z","container_config":{}}');
    const otherRoot = join(scratch.path, "other-root");
    const args = ["store", sparse, "--json-file", record, "--checksum", "xz-6", "--json"];
    const first = await runCommand(args, { root });
    const second = await runCommand(args, { root: otherRoot });
    expect(first).toMatchObject({ code: 0 });
    expect(second).toMatchObject({ code: 0 });
    expect(second.json.checksum).toBe(first.json.checksum);

    const shell = await bash(
      `cd "$1"
      { cat json; echo; LC_ALL=C tar --sort=name --format=posix --numeric-owner \\
        --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \\
        --xattrs --xattrs-include='security.capability' --xattrs-include='user.*' \\
        -C layer -cf - .${thenFill} | xz -6 --check=crc64 --block-size=8MiB -T2; } | sha256sum`,
      join(root, "graph/same"),
    );
    expect(first.json.checksum).toBe(`sha256:${shell.slice(0, 64)}`);
  });
});

function layerOf(id: string): string {
  return join(root, "graph", id, "layer");
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function bash(script: string, ...args: string[]): Promise<string> {
  return (await execa("bash", ["-euc", script, "bash", ...args])).stdout;
}
