// stevedore history: an image and its ancestors, or why there is no telling.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
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
