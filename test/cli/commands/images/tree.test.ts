// stevedore tree: the forest, also where it is no forest.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const { base, middle, left, right } = dockerImages;

describe("stevedore tree", () => {
  it("draws children below their parent", async () => {
    const root = await scratch.fresh();
    await unpackDockerGraph(root);
    const [first = "", second = ""] = [left, right].sort();
    const [text, json] = await Promise.all([
      runCommand(["tree"], { root }),
      runCommand(["tree", "--json"], { root }),
    ]);
    expect(text.stdout.split("\n").map((line) => line.replace(/ {2,}.*/, ""))).toEqual([
      base.slice(0, 12),
      `└─ ${middle.slice(0, 12)}`,
      "",
      "",
      "",
    ]);
    expect(text.stdout).toContain(`   ├─ ${first.slice(0, 12)}`);
    expect(text.stdout).toContain(`   └─ ${second.slice(0, 12)}`);
    expect(json.json.map(({ id, depth }: { id: string; depth: number }) => [depth, id])).toEqual([
      [0, base],
      [1, middle],
      [2, first],
      [2, second],
    ]);
  });

  it("shows images whose parent is missing, or that are their own ancestors, and says so", async () => {
    const root = await scratch.fresh();
    await unpackDockerGraph(root);
    rmSync(join(root, "graph", base), { recursive: true });
    addImage(root, "egg", "hen");
    addImage(root, "hen", "egg");
    addImage(root, "chick", "hen");
    const { code, json, stderr } = await runCommand(["tree", "--json"], { root });
    expect(code).toBe(0);
    expect(json.map(({ id }: { id: string }) => id).sort()).toEqual(
      [middle, left, right, "egg", "hen", "chick"].sort(),
    );
    expect(stderr).toMatch(new RegExp(`PARENT_NOT_FOUND: .*${base}.*${middle}`));
    expect(stderr).toMatch(/PARENT_CYCLE: /);
  });
});

function addImage(root: string, id: string, parent: string): void {
  mkdirSync(join(root, "graph", id, "layer"), { recursive: true });
  writeFileSync(join(root, "graph", id, "json"), JSON.stringify({ id, parent }));
}
