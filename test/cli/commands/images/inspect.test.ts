// stevedore inspect: the record, and the line with which anybody re-checks a checksum.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { sha256Of, shell } from "../../../support/processes/shell.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const { middle } = dockerImages;

describe("stevedore inspect", () => {
  it("prints the record, and a line of shell that gives the checksum, in a root of any name", async () => {
    const root = join(await scratch.fresh(), "it's a root, äöü");
    await shell('mkdir "$PWD/it\'s a root, äöü"', { cwd: join(root, "..") });
    await unpackDockerGraph(root);
    const computed = await runCommand(["checksum", "27cf", "--json"], { root });
    const [json, text] = await Promise.all([
      runCommand(["inspect", "27cf", "--json"], { root }),
      runCommand(["inspect", "27cf"], { root }),
    ]);
    expect(json.json).toEqual(JSON.parse(readFileSync(join(root, "graph", middle, "json"), "utf8")));
    const [, checksum = "", line = ""] = /^xz-6 {2}(\S+)\n {2}(.*)$/m.exec(text.stdout) ?? [];
    expect(checksum).toBe(computed.json.checksums[0].checksum);
    expect(sha256Of(await shell(line))).toBe(checksum);
    expect(text.stdout).toMatch(/^docker {2}sha256:/m);
  });

  it("fails for an image that is not there", async () => {
    const root = await scratch.fresh();
    await unpackDockerGraph(root);
    const { code, json } = await runCommand(["inspect", "nobody", "--json"], { root });
    expect({ code, json }).toMatchObject({ code: 1, json: { error: { code: "IMAGE_NOT_FOUND" } } });
  });
});
