// stevedore history: an image and its ancestors, or why there is no telling.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { importInto } from "../../../support/images/imports.js";
import { makeSmallLayout } from "../../../support/images/small-layout.js";
import { runCommand } from "../../../support/processes/command.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const { base, middle, left, right } = dockerImages;
let root: string;

beforeAll(async () => {
  root = await scratch.fresh();
  await unpackDockerGraph(root);
  const chains = { orphan: "nobody", son: "orphan", egg: "hen", hen: "egg", "27cf-other": "egg" };
  for (const [id, parent] of Object.entries(chains)) {
    mkdirSync(join(root, "graph", id, "layer"), { recursive: true });
    writeFileSync(join(root, "graph", id, "json"), JSON.stringify({ id, parent }));
  }
});

describe("stevedore history", () => {
  it("lists the image first, then parent after parent", async () => {
    const [json, text] = await Promise.all([
      runCommand(["history", "b750", "--json"], { root }),
      runCommand(["history", "b750"], { root }),
    ]);
    expect(json.json).toMatchObject([
      { id: left, parent: middle, head: true, children: [] },
      { id: middle, parent: base, head: false, children: [left, right].sort() },
      { id: base, parent: null, head: false, children: [middle] },
    ]);
    const ids = text.stdout
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.split(" ")[0]);
    expect(ids).toEqual([left, middle, base].map((id) => id.slice(0, 12)));
  });

  it("tells of an imported image each step of its config, with the size of its layer", async () => {
    const layout = join(await scratch.fresh(), "layout");
    makeSmallLayout(layout, {
      config: (config) => ({
        ...config,
        history: [
          { created: "2024-01-01T00:00:00.5Z", created_by: "ADD rootfs # buildkit", comment: "base" },
          { created: "2024-01-02T00:00:00Z", created_by: `ENV A=${"x".repeat(60)}`, empty_layer: true },
          { created_by: "COPY issue etc/" },
          { created_by: "CMD sh", empty_layer: true },
        ],
      }),
    });
    const own = await scratch.fresh();
    await importInto(own, layout);
    const { json } = await runCommand(["history", "web:1", "--json"], { root: own });
    const [image, top, , first] = json;
    expect(json).toMatchObject([
      { names: ["web:1"], createdBy: "CMD sh", layerBytes: 0, head: true },
      { createdBy: "COPY issue etc/", layerBytes: 7, created: null, names: [], children: [image.id] },
      { id: null, createdBy: `ENV A=${"x".repeat(60)}`, layerBytes: 0, created: "2024-01-02T00:00:00Z" },
      { createdBy: "ADD rootfs # buildkit", layerBytes: 8, comment: "base", children: [top.id] },
    ]);
    expect([top.id, first.id].map(String)).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    const { stdout } = await runCommand(["history", "web:1"], { root: own });
    const rows = stdout.trimEnd().split("\n").slice(1);
    expect(rows.map((row) => row.slice(0, 12).trim())).toEqual([
      ...[image.id.slice(0, 12), top.id.slice(0, 12)],
      ...["<missing>", first.id.slice(0, 12)],
    ]);
    expect(stdout).toContain(`ENV A=${"x".repeat(38)}…`);
    const whole = await runCommand(["history", "web:1", "--no-trunc"], { root: own });
    expect(whole.stdout).toContain(`ENV A=${"x".repeat(60)}`);
    expect(whole.stdout).toContain(image.id);
    expect(whole.stdout).toContain("2024-01-01T00:00:00.5Z");
  });

  it("tells the layers of an image whose history does not fit them", async () => {
    const layout = join(await scratch.fresh(), "layout");
    makeSmallLayout(layout, { config: (config) => ({ ...config, history: [{ created_by: "one" }] }) });
    const own = await scratch.fresh();
    await importInto(own, layout);
    const { json } = await runCommand(["history", "web:1", "--json"], { root: own });
    expect(json).toMatchObject([
      { names: ["web:1"], createdBy: null, layerBytes: 7 },
      { createdBy: null, layerBytes: 8 },
    ]);
  });

  it.each([
    ["a missing ancestor", "son", "PARENT_NOT_FOUND", /nobody.*orphan/],
    ["a cycle", "egg", "PARENT_CYCLE", /egg.*hen|hen.*egg/],
    ["an unknown id", "unknown", "IMAGE_NOT_FOUND", /unknown/],
    [
      "an ambiguous prefix",
      "27cf",
      "AMBIGUOUS_ID",
      new RegExp(`27cf-other.*${middle}|${middle}.*27cf-other`),
    ],
    ["an empty id", "", "INVALID_ID", /""/],
    ["a path", "../graph", "INVALID_ID", /\.\.\/graph/],
  ])("fails for %s", async (_, id, code, named) => {
    const ended = await runCommand(["history", id, "--json"], { root });
    expect(ended).toMatchObject({
      code: 1,
      json: { error: { code, message: expect.stringMatching(named) } },
      stderr: expect.stringMatching(named),
    });
  });
});
