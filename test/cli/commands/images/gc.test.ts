import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dockerImages } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { useServedDockerGraph } from "../../../support/processes/served-docker-graph.js";
import { shell } from "../../../support/processes/shell.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const served = useServedDockerGraph(scratch);
const { base, middle, left, right } = dockerImages;

function images(): string[] {
  return readdirSync(join(served.root, "graph"))
    .filter((name) => name !== ":tmp:")
    .sort();
}

/** The bytes of a layer's files, each counted once. */
async function layerBytes(id: string): Promise<number> {
  const line = `find ${served.root}/graph/${id}/layer -type f -printf '%i %s\\n' | sort -u | awk '{s+=$2} END {print s+0}'`;
  return Number(await shell(line));
}

describe("stevedore gc", () => {
  it("tells what it would delete, and keeps what is young, new or named", async () => {
    const all = images();
    const dry = await runCommand(["gc", "--dry-run", "--json"], served);
    expect(dry).toMatchObject({ code: 0, json: { dryRun: true, kept: { children: 0 } } });
    const { removed } = dry.json as { removed: { id: string; layerBytes: number }[] };
    expect(removed.map(({ id }) => id).sort()).toEqual(all);
    for (const image of removed) expect(image.layerBytes).toBe(await layerBytes(image.id));

    const now = new Date();
    utimesSync(join(served.root, "graph", left, "json"), now, now);
    const young = await runCommand(["gc", "--older", "1h", "--dry-run"], served);
    expect(young).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`^${right} .*\\n$`)) });
    expect(young.stderr).toMatch(/would delete 1 image of .*\n.*kept 2 parents of others, 1 too young/);
    expect(images()).toEqual(all);
  });

  it("deletes it, and what needed it alone", async () => {
    await runCommand(["tag", middle, "middle"], served);
    const kept = await runCommand(["gc", "--keep", "1", "--json"], served);
    expect(kept).toMatchObject({ code: 0, json: { removed: [{ id: right }], kept: { newest: 1 } } });
    const rest = await runCommand(["gc"], served);
    expect(rest.stdout).toMatch(new RegExp(`^${left} `));
    expect(rest.stderr).toMatch(/kept 1 parents of others, 1 named/);
    expect(images()).toEqual([base, middle].sort());
  });

  it.each(["12", "h", "-1h", "1y", "1.5h"])("refuses the time %j", async (time) => {
    expect(await runCommand(["gc", `--older=${time}`], served)).toMatchObject({ code: 2 });
  });
});
