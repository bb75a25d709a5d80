// stevedore mount, mounts, changes and unmount: an image as a directory, what was done to it, and its end.
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { mountedBelow, unmountBelow } from "../../../support/mounts/mounted.js";
import { shownTree } from "../../../support/mounts/scratch-mounts.js";
import { runCommand } from "../../../support/processes/command.js";
import { shell } from "../../../support/processes/shell.js";
import { type Running, serveRoot, stevedore } from "../../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory();
/** A tree, and one that deletes some of it. */
let base: string;
let web: string;
let root: string;
let up: Running;

beforeAll(async () => {
  base = await scratch.fresh();
  web = await scratch.fresh();
  await shell(
    "mkdir etc srv && echo root:x:0:0 > etc/passwd && echo box > etc/hostname && echo old > srv/page",
    {
      cwd: base,
    },
  );
  await shell("mkdir etc srv && : > etc/.wh.hostname && echo new > srv/page", { cwd: web });
  root = realpathSync(await scratch.fresh());
  up = await serveRoot(root);
  await storeImages(root);
});
afterAll(async () => {
  await up?.stop();
  unmountBelow(scratch.path);
});

async function storeImages(at: string): Promise<void> {
  expect((await runCommand(["store", base, "--id", "base"], { root: at })).code).toBe(0);
  expect((await runCommand(["store", web, "--id", "web", "--parent", "base"], { root: at })).code).toBe(0);
}

/** Mounts an image of the root that is served, and returns the result's document. */
async function mounted(...args: string[]) {
  const { code, json, stderr } = await runCommand(["mount", ...args, "--json"], { root });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return json;
}

describe("an image that is mounted by the command line", () => {
  it("is there from an empty root on, with nothing else running, until it is unmounted", async () => {
    const empty = join(realpathSync(scratch.path), "from-nothing");
    const run = (...args: string[]) => runCommand(args, { root: empty });
    await storeImages(empty);

    const mount = await run("mount", "we");
    expect(mount).toMatchObject({ code: 0, stderr: "" });
    const target = mount.stdout.slice(0, -1);
    const mountId = target.split("/").at(-2) ?? "";
    expect(target).toBe(join(empty, "mounts", mountId, "rootfs"));
    expect(readdirSync(join(target, "etc"))).toEqual(["passwd"]);
    expect(readFileSync(join(target, "srv/page"), "utf8")).toBe("new\n");
    await shell(
      `touch "$(printf 'two\\nlines')" && rm etc/passwd && echo newer > srv/page && touch -r . srv`,
      {
        cwd: target,
      },
    );

    const text = await run("changes", target);
    expect(text).toMatchObject({ code: 0, stderr: "" });
    expect(text.stdout).toBe("C /etc\nD /etc/passwd\nC /srv\nC /srv/page\nA /two\\x0alines\n");
    const document = await run("changes", mountId.slice(0, 6), "--json");
    expect(document).toMatchObject({
      code: 0,
      json: {
        changes: [
          { kind: "modify", path: "/etc" },
          { kind: "delete", path: "/etc/passwd" },
          { kind: "modify", path: "/srv" },
          { kind: "modify", path: "/srv/page" },
          { kind: "add", path: "/two\nlines" },
        ],
      },
    });

    const listed = await run("mounts", "--json");
    expect(listed.json).toEqual([
      {
        ...{ mountId, id: "web", target, driver: "overlay", layers: 2, state: "mounted", host: hostname() },
        upper: join(empty, "mounts", mountId, "upper"),
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
    ]);
    const table = (await run("mounts")).stdout.split("\n").map((line) => line.split(/ {2,}/));
    expect(table).toEqual([
      ["IMAGE", "MOUNT", "STATE", "AGE", "DRIVER", "LAYERS", "HOST", "TARGET"],
      [
        ...["web", mountId.slice(0, 12), "mounted", expect.stringMatching(/^\d+s$/)],
        ...["overlay", "2", hostname(), target],
      ],
      [""],
    ]);

    const kept = await run("rm", "web", "--json");
    expect(kept).toMatchObject({ code: 1, json: { error: { code: "IMAGE_IN_USE" } } });
    expect(kept.stderr).toContain(mountId);
    expect(await run("unmount", mountId.slice(0, 6))).toMatchObject({ code: 0, stdout: `${mountId}\n` });
    expect(mountedBelow(empty)).toEqual([]);
    expect((await run("mounts", "--json")).json).toEqual([]);
    expect(readdirSync(join(empty, "mounts"))).toEqual([]);
    expect(await run("rm", "web")).toMatchObject({ code: 0, stdout: "web\n" });
  });

  it("is unmounted by its whole id, or by the path it is mounted on", async () => {
    for (const cwd of [undefined, "/"]) {
      const { mountId, target } = await mounted("web");
      const name = cwd === undefined ? mountId : target.slice(1);
      const unmount = await stevedore(["unmount", name, "--json"], { root, ...(cwd ? { cwd } : {}) });
      expect(unmount).toMatchObject({ code: 0, json: { mountId, target } });
      expect(existsSync(target)).toBe(false);
    }
    expect(mountedBelow(root)).toEqual([]);
  });

  it("leaves what was written with --keep-upper, until it is unmounted for good", async () => {
    const { mountId, target, upper } = await mounted("web");
    writeFileSync(join(target, "srv/note"), "kept");
    const unmount = await runCommand(["unmount", mountId, "--keep-upper"], { root });
    expect(unmount).toMatchObject({ code: 0, stdout: `${upper}\n` });
    expect(readFileSync(join(upper, "srv/note"), "utf8")).toBe("kept");
    expect((await runCommand(["mounts", "--json"], { root })).json).toMatchObject([
      { mountId, state: "unmounted", upper },
    ]);
    expect((await runCommand(["changes", mountId], { root })).stdout).toBe("C /srv\nA /srv/note\n");
    expect((await runCommand(["unmount", mountId], { root })).stdout).toBe(`${mountId}\n`);
    expect(existsSync(upper)).toBe(false);
    expect((await runCommand(["mounts", "--json"], { root })).json).toEqual([]);
  });

  it("takes no writes with --read-only", async () => {
    const { mountId, target, upper } = await mounted("web", "--read-only");
    expect(upper).toBeUndefined();
    expect(() => writeFileSync(join(target, "srv/note"), "")).toThrow(/EROFS/);
    expect(await runCommand(["changes", mountId], { root })).toMatchObject({ code: 0, stdout: "" });
    const keeping = await runCommand(["unmount", mountId, "--keep-upper", "--json"], { root });
    expect(keeping).toMatchObject({ code: 0, json: { mountId, target } });
    expect((await runCommand(["mounts", "--json"], { root })).json).toEqual([]);
  });

  it.each([
    ["overlay", ["overlay"]],
    ["fuse-overlayfs", ["fuse.fuse-overlayfs"]],
    ["copy", []],
  ])("shows the same with --driver %s", async (driver, types) => {
    const mount = await mounted("web", "--driver", driver, "-o", "noexec");
    expect(mount).toMatchObject({ id: "web", driver, layers: 2 });
    expect(mountedBelow(root).map(({ type }) => type)).toEqual(types);
    for (const { options } of mountedBelow(root)) {
      expect(options).toEqual(expect.arrayContaining(["noexec", "nodev", "nosuid"]));
    }
    expect(readdirSync(join(mount.target, "etc"))).toEqual(["passwd"]);
    await shell("rm etc/passwd && echo newer > srv/page", { cwd: mount.target });
    const changes = await runCommand(["changes", mount.mountId, "--json"], { root });
    if (driver === "copy") expect(changes.json.error.code).toBe("MOUNT_UNSUPPORTED");
    else expect(changes.json.changes.at(-1)).toEqual({ kind: "modify", path: "/srv/page" });
    const unmount = await runCommand(["unmount", mount.target], { root });
    expect(unmount).toMatchObject({ code: 0, stdout: `${mount.mountId}\n` });
    expect(mountedBelow(root)).toEqual([]);
  });

  it("is left to others with --detach, and job tells what became of it", async () => {
    const mount = await runCommand(["mount", "web", "--detach"], { root });
    expect(mount).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S+\n$/) });
    await up.says(new RegExp(`mount: mount ${mount.stdout.trim()} completed`));
    const job = await runCommand(["job", mount.stdout.trim(), "--json"], { root });
    expect(job.json).toMatchObject({ name: "mount", queue: "mount", state: "completed" });
    const { mountId, target } = job.json.result;
    expect(mountedBelow(root).map((entry) => entry.target)).toEqual([target]);
    const unmount = await runCommand(["unmount", mountId, "--detach", "--json"], { root });
    expect(unmount.json).toMatchObject({ name: "unmount", queue: "mount" });
    await up.says(new RegExp(`mount: unmount ${unmount.json.id} completed`));
    expect(mountedBelow(root)).toEqual([]);
  });
});

describe("a target that is named", () => {
  let directory: string;
  let own: string;
  beforeAll(async () => {
    directory = realpathSync(await scratch.fresh());
    own = await scratch.fresh();
    await storeImages(own);
  });

  it("is mounted on if it lies below --mount-dir, and is gone when it is unmounted", async () => {
    const target = join(directory, "two\nlines");
    const mount = await runCommand(["mount", "web", target, "--mount-dir", directory, "--json"], {
      root: own,
    });
    expect(mount).toMatchObject({ code: 0, json: { target } });
    expect(readdirSync(target).sort()).toEqual(["etc", "srv"]);
    const listed = await runCommand(["mounts"], { root: own });
    expect(listed.stdout.split("\n")[1]).toMatch(/ {2}\/\S+\/two\\x0alines$/);
    const unmount = await runCommand(["unmount", target], { root: own });
    expect(unmount).toMatchObject({ code: 0, stdout: `${mount.json.mountId}\n` });
    expect(readdirSync(directory)).toEqual([]);
  });

  it("may be relative, as may the directory", async () => {
    const args = ["mount", "web", "./web", "--mount-dir", "."];
    const mount = await stevedore(args, { root: own, cwd: directory });
    expect(mount).toMatchObject({ code: 0, stdout: `${directory}/web\n` });
    // What could be an id is one, a path is told from it by its dot.
    const changes = await stevedore(["changes", "./web"], { root: own, cwd: directory });
    expect(changes).toMatchObject({ code: 0, stdout: "" });
    expect(await stevedore(["unmount", "./web"], { root: own, cwd: directory })).toMatchObject({ code: 0 });
    expect(mountedBelow(directory)).toEqual([]);
  });

  it("is refused without --mount-dir, and stays as it was", async () => {
    const target = join(directory, "refused");
    mkdirSync(target);
    const refused = await runCommand(["mount", "web", target, "--json"], { root: own });
    expect(refused).toMatchObject({ code: 1, json: { error: { code: "TARGET_FORBIDDEN" } } });
    expect(refused.stderr).toContain(target);
    expect(refused.stderr).toContain("--mount-dir");
    expect(mountedBelow(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual(["refused"]);
  });

  it("is for the worker to allow: one that runs already does not heed --mount-dir, and the user is told", async () => {
    const target = join(directory, "unheeded");
    const refused = await runCommand(["mount", "web", target, "--mount-dir", directory], { root });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/TARGET_FORBIDDEN: .*unheeded/) });
    expect(refused.stderr).toContain("--mount-dir is not heeded");
  });
});

describe.concurrent("a mount that cannot be", () => {
  it.each([
    "mount",
    "mount web /mnt/web more",
    "mount web --driver btrfs",
    "mount web --mount-dir",
    "unmount",
    "unmount a b",
    "changes",
    "changes a --detach",
    "mounts a",
  ])("is wrong usage: %s", async (line) => {
    const { code, json, stdout } = await runCommand([...line.split(" "), "--json"], { root });
    expect({ code, json }, stdout).toMatchObject({ code: 2, json: { error: { code: "INVALID_OPTION" } } });
  });

  it.each([
    ["IMAGE_NOT_FOUND", "nobody", ["mount", "nobody"]],
    ["INVALID_ID", "../graph", ["mount", "../graph"]],
    ["INVALID_JOB", "options", ["mount", "web", "-o", "nodev,upperdir=/etc"]],
    ["NOT_MOUNTED", "abcd", ["unmount", "abcd"]],
    ["NOT_MOUNTED", "/usr", ["unmount", "/usr"]],
    ["NOT_MOUNTED", "abcd", ["changes", "abcd"]],
  ])("fails with %s and names %s: %j", async (code, named, args) => {
    const ended = await runCommand([...args, "--json"], { root });
    expect(ended).toMatchObject({ code: 1, json: { error: { code } } });
    expect(ended.stderr).toContain(named);
  });
});

describe("a data directory that Docker 0.3 wrote", () => {
  it("is mounted as Docker showed it, and its own files stay as they were", async () => {
    const docker = realpathSync(await scratch.fresh());
    await unpackDockerGraph(docker);
    const dockersOwn = async () => ({
      graph: (await shownTree(join(docker, "graph"))).filter((line) => !line.startsWith('":tmp:"')),
      checksums: readFileSync(join(docker, "checksums")),
    });
    const before = await dockersOwn();
    const { json } = await runCommand(["mount", "b750fe79", "--json"], { root: docker });
    expect(json).toMatchObject({ id: dockerImages.left, layers: 3 });
    const { target } = json;
    expect(readdirSync(target).sort()).toEqual(["etc", "srv", "usr", "var"]);
    expect(readdirSync(join(target, "etc")).sort()).toEqual([
      "group",
      "hosts",
      "passwd",
      "passwd.link",
      "true",
    ]);
    expect(readdirSync(join(target, "usr/share/doc"))).toEqual(["new"]);
    await shell("rm -r etc && echo x > usr/share/doc/new && mkdir bin && chmod 0700 var/null", {
      cwd: target,
    });
    expect((await runCommand(["changes", target], { root: docker })).stdout).toBe(
      "A /bin\nD /etc\nC /usr/share/doc/new\nC /var/null\n",
    );
    expect(await dockersOwn()).toEqual(before);
    await runCommand(["unmount", target], { root: docker });
    expect(await dockersOwn()).toEqual(before);
    expect(mountedBelow(docker)).toEqual([]);
  });
});
