import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import {
  canonicalTar,
  canonicalTarArguments,
  checkTar,
  packCanonicalTar,
} from "../../src/layer/canonical-tar.js";
import { collect } from "../support/collect.js";
import { childProcesses } from "../support/processes/child-processes.js";
import { withEnvironment } from "../support/processes/environment.js";
import { shell } from "../support/processes/shell.js";
import { linkTools, writeTool } from "../support/processes/tool-directory.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { thenFill } from "../support/trees/documented-tar.js";
import { makeRichTree } from "../support/trees/rich-tree.js";

const tarLine = `tar --sort=name --format=posix --numeric-owner \
  --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
  --xattrs --xattrs-include='security.capability' --xattrs-include='user.*' \
  -C "$PWD" -cf - .`;
const line = `${tarLine}${thenFill}`;

/** A directory of the kernel whose files say they are longer than they are, so that tar complains. */
const shrinking = "/sys/class/net/lo/statistics";

const scratch = useScratchDirectory();

async function packed(directory: string): Promise<Buffer> {
  return Buffer.concat(await collect(canonicalTar(directory)));
}

describe("the canonical tar", () => {
  test("is what the documented line of shell writes, for a tree with one of everything", async () => {
    const tree = await scratch.fresh();
    await makeRichTree(tree);
    expect((await packed(tree)).equals(await shell(line, { cwd: tree }))).toBe(true);
  });

  test("does not depend on the environment it is made in", async () => {
    const tree = await scratch.fresh();
    await makeRichTree(tree);
    const hostile = {
      TAR_OPTIONS: "--format=gnu --mtime=@0 --exclude=etc",
      POSIXLY_CORRECT: "1",
      TZ: "Pacific/Chatham",
      LC_ALL: "C.UTF-8",
      LANG: "C.UTF-8",
    };
    const written = await withEnvironment(hostile, () => packed(tree));
    expect(written.equals(await shell(line, { cwd: tree }))).toBe(true);
  });

  test.each([
    "with space",
    "it's",
    'quo"te',
    "-dash",
    "--help",
    "back\\nslash",
    "new\nline",
    "$(id)",
    "naïve",
    "*",
  ])("takes a directory called %j", async (name) => {
    const directory = join(await scratch.fresh(), name);
    await mkdir(directory);
    await writeFile(join(directory, "file"), "content");
    expect((await packed(directory)).equals(await shell(line, { cwd: directory }))).toBe(true);
  });

  test.each(["-layer", "--help", "-"])("takes a relative directory called %j", async (name) => {
    const cwd = await scratch.fresh();
    await mkdir(join(cwd, name));
    await writeFile(join(cwd, name, "file"), "content");
    const { stdout } = await execa("tar", canonicalTarArguments(name), { cwd, encoding: "buffer" });
    expect(stdout).toEqual(new Uint8Array(await shell(tarLine, { cwd: join(cwd, name) })));
  });

  test("leaves sockets out without complaint", async () => {
    const tree = await scratch.fresh();
    await writeFile(join(tree, "file"), "content");
    const server = createServer().listen(join(tree, "socket"));
    await once(server, "listening");
    try {
      const names = await shell("tar -t", { cwd: tree, input: await packed(tree) });
      expect(names.toString()).toBe("./\n./file\n");
    } finally {
      server.close();
      await once(server, "close");
    }
  });

  test("fails with tar's words where a file is not what it was said to be", async () => {
    await expect(packed(shrinking)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringMatching(/^tar: exit code 1: .*File shrank/s),
    });
  });

  test("fails for a directory that is not there", async () => {
    await expect(packed("/no/such/layer")).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("/no/such/layer: Cannot open"),
    });
  });

  test("names the package where tar is not installed", async () => {
    const nothing = await scratch.fresh();
    await expect(withEnvironment({ PATH: nothing }, () => packed(nothing))).rejects.toMatchObject({
      code: "TOOL_MISSING",
      message: expect.stringContaining("package tar"),
    });
  });
});

describe("the canonical tar as a stream", () => {
  test("holds the same bytes", async () => {
    const tree = await scratch.fresh();
    await makeRichTree(tree);
    const { stdout, done } = packCanonicalTar(tree);
    const written = Buffer.concat(await collect<Buffer>(stdout));
    await done;
    expect(written.equals(await shell(line, { cwd: tree }))).toBe(true);
  });

  test("loses nothing if it is read only after tar has ended", async () => {
    const tree = await scratch.fresh();
    await writeFile(join(tree, "file"), "content");
    const { stdout, done } = packCanonicalTar(tree);
    await done;
    const written = Buffer.concat(await collect<Buffer>(stdout));
    expect(written.equals(await shell(line, { cwd: tree }))).toBe(true);
  });

  test("tells by `done` that tar failed", async () => {
    const { stdout, done } = packCanonicalTar(shrinking);
    await collect(stdout);
    await expect(done).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("shrank"),
    });
  });

  test("ends tar when the reader goes away", async () => {
    const { stdout, done } = packCanonicalTar("/usr/bin");
    for await (const _ of stdout) break;
    await expect(done).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await childProcesses()).toEqual([]);
  });

  test("is cancelled by the signal even if nobody reads it", async () => {
    const controller = new AbortController();
    const { stdout, done } = packCanonicalTar("/usr/bin", controller.signal);
    await once(stdout, "readable");
    controller.abort();
    await expect(done).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await childProcesses()).toEqual([]);
  });
});

describe("the check of tar", () => {
  test("returns the version of the GNU tar that is installed", async () => {
    const banner = (await shell("tar --version")).toString();
    expect(banner).toContain(`(GNU tar) ${(await checkTar()).version}\n`);
  });

  test.each([
    ["tar (GNU tar) 1.34", false],
    ["tar (GNU tar) 1.35", true],
    ["tar (GNU tar) 1.36", true],
  ])("knows whether %s leaves fields empty", async (banner, leavesFieldsEmpty) => {
    const directory = await scratch.fresh();
    await linkTools(directory, { cat: "/bin/cat", sh: "/bin/sh" });
    await writeTool(directory, "tar", banner);
    expect(await withEnvironment({ PATH: directory }, () => checkTar())).toMatchObject({ leavesFieldsEmpty });
  });

  test("refuses another program of that name", async () => {
    const directory = await scratch.fresh();
    await linkTools(directory, { tar: "/usr/bin/bsdtar" });
    await expect(withEnvironment({ PATH: directory }, () => checkTar())).rejects.toMatchObject({
      code: "TOOL_MISSING",
      message: expect.stringMatching(/tar is "bsdtar [0-9.]+ .*but GNU tar 1\.30 or newer is needed/),
    });
  });

  test.each(["tar (GNU tar) 1.29", "tar (GNU tar) 2.0", "tar (busybox) 1.35.0", ""])(
    "refuses one that calls itself %j",
    async (banner) => {
      const directory = await scratch.fresh();
      await linkTools(directory, { cat: "/bin/cat", sh: "/bin/sh" });
      await writeTool(directory, "tar", banner);
      await expect(withEnvironment({ PATH: directory }, () => checkTar())).rejects.toMatchObject({
        code: "TOOL_MISSING",
        message: expect.stringContaining(JSON.stringify(banner)),
      });
    },
  );

  test("says so where there is none", async () => {
    const nothing = await scratch.fresh();
    await expect(withEnvironment({ PATH: nothing }, () => checkTar())).rejects.toMatchObject({
      code: "TOOL_MISSING",
      message: expect.stringContaining("tar is not installed"),
    });
  });
});
