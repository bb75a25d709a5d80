// stevedore rm: an image goes, unless others build on it.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dockerImages } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { useServedDockerGraph } from "../../../support/processes/served-docker-graph.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const served = useServedDockerGraph(scratch);
const { base, middle, left, right } = dockerImages;

describe("stevedore rm", () => {
  it("removes an image and prints its id", async () => {
    const removed = await runCommand(["rm", right.slice(0, 8)], served);
    expect(removed).toMatchObject({ code: 0, stdout: `${right}\n` });
    expect(images()).toEqual([base, middle, left].sort());
  });

  it("refuses an image that has children, unless forced", async () => {
    const refused = await runCommand(["rm", "27cf", "--json"], served);
    expect(refused).toMatchObject({ code: 1, json: { error: { code: "IMAGE_IN_USE" } } });
    expect(refused.stderr).toContain(left.slice(0, 12));
    expect(images()).toContain(middle);
    const forced = await runCommand(["rm", "27cf", "--force", "--json"], served);
    expect(forced).toMatchObject({ code: 0, json: { id: middle } });
    expect(images()).toEqual([base, left].sort());
  });

  it.each([
    ["nobody", "IMAGE_NOT_FOUND"],
    ["../graph", "INVALID_ID"],
    ["", "INVALID_ID"],
  ])("fails for %j and removes nothing", async (id, code) => {
    const before = images();
    const { json } = await runCommand(["rm", id, "--force", "--json"], served);
    expect(json).toMatchObject({ error: { code } });
    expect(images()).toEqual(before);
  });
});

function images(): string[] {
  return readdirSync(join(served.root, "graph"))
    .filter((name) => name !== ":tmp:")
    .sort();
}
