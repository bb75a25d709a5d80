// stevedore tag and untag, and names wherever an image is asked for.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { useServedDockerGraph } from "../../../support/processes/served-docker-graph.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const served = useServedDockerGraph(scratch);
const { base, middle, left, right } = dockerImages;

const run = (...args: string[]) => runCommand(args, served);
const repositories = () => JSON.parse(readFileSync(join(served.root, "repositories"), "utf8")).Repositories;

describe("stevedore tag", () => {
  it("gives an image a name, and tells whose it was", async () => {
    expect(await run("tag", "b750", "library/busybox:1.0")).toMatchObject({
      code: 0,
      stdout: "library/busybox:1.0\n",
      stderr: "",
    });
    expect(await run("tag", "library/busybox:1.0", "example.com:5000/web", "--json")).toMatchObject({
      code: 0,
      json: { name: "example.com:5000/web:latest", id: left, previous: null },
    });
    expect(repositories()).toEqual({
      "example.com:5000/web": { latest: left },
      "library/busybox": { "1.0": left },
    });
    const moved = await run("tag", right, "example.com:5000/web", "--json");
    expect(moved.json).toEqual({ name: "example.com:5000/web:latest", id: right, previous: left });
    expect(moved.stderr).toContain(`example.com:5000/web:latest was the name of ${left}`);
  });

  it.each([
    ["Busybox", "INVALID_NAME"],
    ["a/../b", "INVALID_NAME"],
    ["", "INVALID_NAME"],
    ["a b", "INVALID_NAME"],
    ["a".repeat(256), "INVALID_NAME"],
    ["a:b:c", "INVALID_NAME"],
    [`a@sha256:${"0".repeat(64)}`, "INVALID_NAME"],
  ])("refuses the name %j", async (name, code) => {
    const before = repositories();
    expect(await run("tag", left, name, "--json")).toMatchObject({ code: 1, json: { error: { code } } });
    expect(repositories()).toEqual(before);
  });

  it("fails for an image that is not there", async () => {
    const failed = await run("tag", "library/none:1", "a", "--json");
    expect(failed).toMatchObject({ code: 1, json: { error: { code: "IMAGE_NOT_FOUND" } } });
  });
});

describe("a name", () => {
  it("stands for its image in every command that takes one", async () => {
    const web = "example.com:5000/web";
    const [checksum, verify, history, inspect, mount] = [
      await run("checksum", web, "nobody:1", "--recipe", "xz-1", "--json"),
      await run("verify", web, "--json"),
      await run("history", web, "--json"),
      await run("inspect", web, "--json"),
      await run("mount", web, "--driver", "copy", "--json"),
    ];
    expect(checksum.json.checksums).toMatchObject([{ id: right, recipe: "xz-1" }]);
    expect(checksum.json.failed).toMatchObject([{ id: "nobody:1", code: "IMAGE_NOT_FOUND" }]);
    expect(verify.json.verified).toMatchObject([{ id: right, ok: true }]);
    expect(history.json).toMatchObject([
      { id: right, names: ["example.com:5000/web:latest"] },
      { id: middle, names: [] },
      { id: base, names: [] },
    ]);
    expect(inspect.json).toMatchObject({ id: right, names: ["example.com:5000/web:latest"] });
    expect(mount.json).toMatchObject({ id: right });
    await run("unmount", mount.json.mountId);
    const stored = await runCommand(["store", "-", "--id", "child", "--parent", web, "--json"], {
      root: served.root,
      stdin: Buffer.alloc(1_024),
    });
    expect(stored.json).toMatchObject({ id: "child", parent: right });
    expect(await run("rm", "child")).toMatchObject({ code: 0 });
  });

  it("is shown by the listings", async () => {
    const [images, tree, text, drawn, inspect] = await Promise.all([
      run("images", "--json"),
      run("tree", "--json"),
      run("images"),
      run("tree"),
      run("inspect", left),
    ]);
    const names = {
      [base]: [],
      [middle]: [],
      [left]: ["library/busybox:1.0"],
      [right]: ["example.com:5000/web:latest"],
    };
    for (const { json } of [images, tree]) {
      expect(
        Object.fromEntries(json.map((each: { id: string; names: string[] }) => [each.id, each.names])),
      ).toEqual(names);
    }
    const [named, nameless] = [right, base].map((id) => id.slice(0, 12));
    expect(text.stdout).toMatch(new RegExp(`^example.com:5000/web:latest +${named} .* fixture$`, "m"));
    expect(text.stdout).toMatch(new RegExp(`^- +${nameless} .* fixture$`, "m"));
    expect(drawn.stdout).toMatch(new RegExp(`${named} +example.com:5000/web:latest .* fixture$`, "m"));
    expect(drawn.stdout).toMatch(new RegExp(`${nameless} +- .* fixture$`, "m"));
    expect(inspect.stdout).toMatch(/^names {6}library\/busybox:1\.0$/m);
  });

  it("goes with its image", async () => {
    expect(await run("rm", "example.com:5000/web")).toMatchObject({ code: 0, stdout: `${right}\n` });
    expect(repositories()).toEqual({ "library/busybox": { "1.0": left } });
  });
});

describe("stevedore untag", () => {
  it("takes names away, and leaves their images", async () => {
    await run("tag", left, "a:1");
    const taken = await run("untag", "a:1", "nobody", "library/busybox:1.0", "--json");
    expect(taken).toMatchObject({
      code: 1,
      json: {
        untagged: [
          { name: "a:1", id: left },
          { name: "library/busybox:1.0", id: left },
        ],
        failed: [{ name: "nobody", code: "IMAGE_NOT_FOUND" }],
      },
    });
    expect(taken.stderr).toContain('no image has the name "nobody"');
    expect(repositories()).toEqual({});
    expect((await run("inspect", left, "--json")).json).not.toHaveProperty("names");
  });

  it("takes away names that no new one may be", async () => {
    writeFileSync(
      join(served.root, "repositories"),
      JSON.stringify({ Repositories: { "Old Name": { "x y": "gone" } } }),
    );
    expect(await run("untag", "Old Name:x y")).toMatchObject({ code: 0, stdout: "Old Name:x y\n" });
  });

  it("returns at once with --detach, as tag does", async () => {
    const [tag, untag] = [await run("tag", left, "a", "--detach"), await run("untag", "zzz", "--detach")];
    for (const { code, stdout } of [tag, untag]) {
      expect(code).toBe(0);
      expect(stdout).toMatch(/^\S+\n$/);
    }
    await expect.poll(() => repositories()).toEqual({ a: { latest: left } });
  });
});

describe("a damaged file of names", () => {
  it("is told of, while images are listed and full ids serve, and is set aside by check --repair", async () => {
    const damaged = await scratch.fresh();
    await unpackDockerGraph(damaged);
    const path = join(damaged, "repositories");
    writeFileSync(path, "{");
    const [images, byName, byId] = await Promise.all([
      runCommand(["images", "--json"], { root: damaged }),
      runCommand(["inspect", "web", "--json"], { root: damaged }),
      runCommand(["history", left, "--json"], { root: damaged }),
    ]);
    expect(images).toMatchObject({ code: 0, stderr: expect.stringMatching(`IMAGE_BROKEN: .*${path}`) });
    expect(images.json.map(({ names }: { names: unknown }) => names)).toEqual([[], [], [], []]);
    expect(byName).toMatchObject({ code: 1, json: { error: { code: "IMAGE_BROKEN" } } });
    expect(byName.json.error.message).toContain(path);
    expect(byId.json).toHaveLength(3);
    const repaired = await runCommand(["check", "--repair", "--json"], { root: damaged });
    expect(repaired).toMatchObject({ code: 0, json: { findings: [{ what: "unreadable-names" }] } });
    expect(await runCommand(["inspect", "web", "--json"], { root: damaged })).toMatchObject({
      json: { error: { code: "IMAGE_NOT_FOUND" } },
    });
  });
});
