// stevedore commit: what was written to a mount becomes an image, with the checksum that a shell computes.
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mountedBelow, unmountBelow } from "../../../support/mounts/mounted.js";
import { shownTree } from "../../../support/mounts/scratch-mounts.js";
import { runCommand } from "../../../support/processes/command.js";
import { sha256Of, shell } from "../../../support/processes/shell.js";
import { type Running, serveRoot, stevedore } from "../../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { thenFill } from "../../../support/trees/documented-tar.js";

const scratch = useScratchDirectory();
let base: string;
let root: string;
let up: Running;
/** A mount of the image `base`, with a file `note` in it. */
let mount: { readonly mountId: string; readonly target: string };

beforeAll(async () => {
  base = await scratch.fresh();
  await shell("mkdir etc && echo root:x:0:0 > etc/passwd && echo box > etc/hostname", { cwd: base });
  root = realpathSync(await scratch.fresh());
  up = await serveRoot(root);
  expect((await runCommand(["store", base, "--id", "base"], { root })).code).toBe(0);
  mount = await mountBase();
});
afterAll(async () => {
  await up?.stop();
  unmountBelow(scratch.path);
});

async function mountBase(...args: string[]) {
  const { code, json } = await runCommand(["mount", "base", ...args, "--json"], { root });
  expect(code).toBe(0);
  writeFileSync(join(json.target, "note"), "written\n");
  return json;
}

function recordOf(id: string) {
  return JSON.parse(readFileSync(join(root, "graph", id, "json"), "utf8"));
}

describe("stevedore commit", () => {
  it("makes an image and its checksum, from an empty root on, with nothing else running", async () => {
    const empty = join(realpathSync(scratch.path), "from-nothing");
    const run = (...args: string[]) => runCommand([...args, "--json"], { root: empty });
    await run("store", base, "--id", "base");
    const { target, mountId } = (await run("mount", "base")).json;
    await shell("rm etc/hostname && mkdir srv && echo page > srv/page && chown 33:33 srv && chmod 2750 srv", {
      cwd: target,
    });
    const written = await shownTree(target);

    const checksum = ["--checksum", "xz-6"];
    const commit = await run("commit", target, "--id", "patched", "--name", "web:patched", ...checksum);
    expect(commit).toMatchObject({ code: 0, stderr: "" });
    expect(commit.json).toEqual({
      ...{ name: "web:patched", previous: null },
      ...{ id: "patched", parent: "base", layerBytes: 5, compression: "none", stored: true },
      entries: expect.any(Number),
      diffId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      durationMs: expect.any(Number),
      checksum: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    const documented = await shell(
      `{ cat json; echo; LC_ALL=C tar --sort=name --format=posix --numeric-owner \\
        --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \\
        --xattrs --xattrs-include='security.capability' --xattrs-include='user.*' \\
        -C layer -cf - .${thenFill} | xz -6 --check=crc64 --block-size=8MiB -T2; } | sha256sum`,
      { cwd: join(empty, "graph/patched") },
    );
    expect(commit.json.checksum).toBe(sha256Of(documented));
    const computed = await run("checksum", "web:patched");
    expect(computed.json.checksums).toMatchObject([{ checksum: commit.json.checksum, cached: true }]);
    expect((await run("history", "patched")).json).toMatchObject([{ id: "patched" }, { id: "base" }]);

    const again = (await run("mount", "patched", "--read-only")).json;
    expect(again.layers).toBe(2);
    expect(await shownTree(again.target)).toEqual(written);
    for (const id of [mountId, again.mountId]) expect((await run("unmount", id)).code).toBe(0);
    expect(mountedBelow(empty)).toEqual([]);
    expect(readdirSync(join(empty, "graph")).sort()).toEqual([":tmp:", "base", "patched"]);
    expect(readdirSync(join(empty, "graph/:tmp:"))).toEqual([]);
  });

  it("prints the id, made up where none is given, and writes the record as Docker does", async () => {
    const commit = await runCommand(["commit", mount.mountId.slice(0, 6)], { root });
    expect(commit).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/),
      stderr: "",
    });
    const record = recordOf(commit.stdout.trim());
    expect(record).toEqual({
      id: commit.stdout.trim(),
      parent: "base",
      created: expect.any(String),
      container_config: {},
    });
    expect(readFileSync(join(root, "graph", record.id, "layer/note"), "utf8")).toBe("written\n");
  });

  it("takes the record's fields from flags, and the mount by a relative path", async () => {
    const fields = {
      id: "named",
      comment: "<a>\n& b",
      created: "2013-05-01T12:00:00.123456789Z",
      author: "Ä.",
    };
    const flags = Object.entries(fields).flatMap(([name, value]) => [`--${name}`, value]);
    const commit = await stevedore(["commit", "./rootfs", ...flags, "--json"], {
      root,
      cwd: join(root, "mounts", mount.mountId),
    });
    expect(commit).toMatchObject({ code: 0, json: { id: "named", parent: "base" } });
    expect(commit.json).not.toHaveProperty("checksum");
    expect(recordOf("named")).toEqual({ ...fields, parent: "base", container_config: {} });
  });

  it("makes the same layer of what a mount kept that was unmounted", async () => {
    const kept = await mountBase();
    const first = await runCommand(["commit", kept.mountId, "--json"], { root });
    expect((await runCommand(["unmount", kept.mountId, "--keep-upper"], { root })).code).toBe(0);
    const second = await runCommand(["commit", kept.mountId, "--json"], { root });
    expect(second).toMatchObject({ code: 0, json: { parent: "base", diffId: first.json.diffId } });
    expect(second.json.id).not.toBe(first.json.id);
    expect((await runCommand(["unmount", kept.mountId], { root })).code).toBe(0);
    expect(existsSync(join(root, "mounts", kept.mountId))).toBe(false);
  });

  it("makes the layers of a mount on a mounted image's commit build on each other", async () => {
    const lower = await runCommand(["commit", mount.mountId, "--id", "lower"], { root });
    expect(lower.code).toBe(0);
    const { json } = await runCommand(["mount", "lower", "--json"], { root });
    await shell("rm note && mkdir note && echo in > note/it", { cwd: json.target });
    const changes = await runCommand(["changes", json.mountId], { root });
    expect(changes.stdout).toBe("C /note\nA /note/it\n");
    const commit = await runCommand(["commit", json.mountId, "--json"], { root });
    expect(commit).toMatchObject({ code: 0, json: { parent: "lower" } });
    const written = await shownTree(json.target);
    const top = await runCommand(["mount", commit.json.id, "--json"], { root });
    expect(await shownTree(top.json.target)).toEqual(written);
    for (const { mountId } of [json, top.json]) await runCommand(["unmount", mountId], { root });
  });

  it("takes what fuse-overlayfs kept as well", async () => {
    const fuse = await mountBase("--driver", "fuse-overlayfs");
    // Times that are set: of those of a write, the mount and its upper tell each its own.
    const lines =
      "rm -r etc && mkdir etc && echo again > etc/hosts && touch -d @1370088000.5 note etc/hosts etc .";
    await shell(lines, { cwd: fuse.target });
    const commit = await runCommand(["commit", fuse.mountId, "--id", "by-fuse"], { root });
    expect(commit).toMatchObject({ code: 0, stdout: "by-fuse\n" });
    const { json } = await runCommand(["mount", "by-fuse", "--json"], { root });
    expect(await shownTree(json.target)).toEqual(await shownTree(fuse.target));
    for (const { mountId } of [fuse, json]) await runCommand(["unmount", mountId], { root });
  });

  it("leaves the work to others with --detach, and job tells what became of it", async () => {
    const args = ["commit", mount.mountId, "--id", "detached", "--checksum", "xz-1", "--detach", "--json"];
    const commit = await runCommand(args, { root });
    expect(commit).toMatchObject({ code: 0, json: { name: "commit", queue: "store" } });
    const { id } = commit.json;
    await up.says(new RegExp(`commit ${id} completed`));
    const job = await runCommand(["job", id, "--json"], { root });
    expect(job.json).toMatchObject({ id, state: "completed", result: { id: "detached", stored: true } });
    await up.says(/checksum: checksum \S+ completed/);
    const checksum = await runCommand(["checksum", "detached", "--recipe", "xz-1", "--json"], { root });
    expect(checksum.json.checksums).toMatchObject([{ id: "detached", cached: true }]);
  });

  it("tells that limits are for the worker to keep, where one runs already", async () => {
    const args = ["commit", mount.mountId, "--id", "limited", "--max-layer-bytes", "1"];
    const commit = await runCommand(args, { root });
    expect(commit).toMatchObject({ code: 0, stdout: "limited\n" });
    expect(commit.stderr).toContain("not heeded");
  });
});

describe("a commit that cannot be", () => {
  const images = () => readdirSync(join(root, "graph")).sort();

  it.each([
    ["IMAGE_EXISTS", "base", ["--id", "base"]],
    ["INVALID_ID", "../x", ["--id", "../x"]],
    ["UNKNOWN_RECIPE", "md5", ["--checksum", "md5"]],
    ["INVALID_JOB", "created", ["--created", "yesterday"]],
  ])("fails with %s, names %s and makes nothing: %j", async (code, named, flags) => {
    const before = images();
    const commit = await runCommand(["commit", mount.mountId, ...flags, "--json"], { root });
    expect(commit).toMatchObject({ code: 1, json: { error: { code } } });
    expect(commit.stderr).toContain(named);
    expect(images()).toEqual(before);
  });

  it.each(["abcd", "/usr", "./nowhere"])("fails with NOT_MOUNTED for %s", async (name) => {
    const commit = await runCommand(["commit", name, "--json"], { root });
    expect(commit).toMatchObject({ code: 1, json: { error: { code: "NOT_MOUNTED" } } });
  });

  it.each(["commit", "commit a b", "commit a --parent base", "commit a --max-layer-bytes 0"])(
    "is wrong usage: %s",
    async (line) => {
      const commit = await runCommand([...line.split(" "), "--json"], { root });
      expect(commit).toMatchObject({ code: 2, json: { error: { code: "INVALID_OPTION" } } });
    },
  );

  it("fails for a name that in a layer would be a deletion, shown with its line break escaped", async () => {
    const unsafe = await mountBase();
    mkdirSync(join(unsafe.target, "two\nlines"));
    writeFileSync(join(unsafe.target, "two\nlines/.wh.note"), "");
    const commit = await runCommand(["commit", unsafe.mountId], { root });
    expect(commit).toMatchObject({ code: 1, stdout: "" });
    expect(commit.stderr).toMatch(/^stevedore: UNSAFE_ENTRY: .*"\/two\\nlines\/\.wh\.note".*\n$/);
    await runCommand(["unmount", unsafe.mountId], { root });
  });

  it("fails for a layer that is larger than the command's own worker may store", async () => {
    const small = realpathSync(await scratch.fresh());
    const run = (...args: string[]) => runCommand([...args, "--json"], { root: small });
    await run("store", base, "--id", "base");
    const { json } = await run("mount", "base");
    writeFileSync(join(json.target, "large"), Buffer.alloc(50_000, "x"));
    const refused = await run("commit", json.mountId, "--max-layer-bytes", "40000");
    expect(refused).toMatchObject({ code: 1, json: { error: { code: "LIMIT_EXCEEDED" } } });
    expect(readdirSync(join(small, "graph")).sort()).toEqual([":tmp:", "base"]);
    expect((await run("commit", json.mountId, "--max-layer-bytes", "80000")).code).toBe(0);
    expect((await run("unmount", json.mountId)).code).toBe(0);
  });
});
