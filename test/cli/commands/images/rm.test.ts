// stevedore rm: an image goes, unless others build on it.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { type Running, serveRoot } from "../../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const { base, middle, left, right } = dockerImages;
let root: string;
let up: Running;

beforeAll(async () => {
  root = await scratch.fresh();
  await unpackDockerGraph(root);
  up = await serveRoot(root);
});
afterAll(() => up.stop());

describe("stevedore rm", () => {
  it("removes an image and prints its id", async () => {
    const removed = await runCommand(["rm", right.slice(0, 8)], { root });
    expect(removed).toMatchObject({ code: 0, stdout: `${right}\n` });
    expect(images()).toEqual([base, middle, left].sort());
  });

  it("refuses an image that has children, unless forced", async () => {
    const refused = await runCommand(["rm", "27cf", "--json"], { root });
    expect(refused).toMatchObject({ code: 1, json: { error: { code: "IMAGE_IN_USE" } } });
    expect(refused.stderr).toContain(left.slice(0, 12));
    expect(images()).toContain(middle);
    const forced = await runCommand(["rm", "27cf", "--force", "--json"], { root });
    expect(forced).toMatchObject({ code: 0, json: { id: middle } });
    expect(images()).toEqual([base, left].sort());
  });

  it.each([
    ["nobody", "IMAGE_NOT_FOUND"],
    ["../graph", "INVALID_ID"],
    ["", "INVALID_ID"],
  ])("fails for %j and removes nothing", async (id, code) => {
    const before = images();
    const { json } = await runCommand(["rm", id, "--force", "--json"], { root });
    expect(json).toMatchObject({ error: { code } });
    expect(images()).toEqual(before);
  });
});

function images(): string[] {
  return readdirSync(join(root, "graph"))
    .filter((name) => name !== ":tmp:")
    .sort();
}
