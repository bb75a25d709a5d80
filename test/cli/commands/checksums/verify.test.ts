// stevedore verify: layers that are what they were, those that are not, and why.
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { useServedDockerGraph } from "../../../support/processes/served-docker-graph.js";
import { shell } from "../../../support/processes/shell.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const served = useServedDockerGraph(scratch);
const { base, middle, left, right } = dockerImages;

beforeAll(async () => {
  await runCommand(["checksum", base, middle, left, "--recipe", "xz-1"], served);
  const layer = join(served.root, "graph", left, "layer");
  await shell("touch -r . ../time; touch -d @1 \"$(printf 'new\\nname')\"; touch -r ../time .", {
    cwd: layer,
  });
});

describe("stevedore verify", () => {
  it("prints a line for each layer that is what it was", async () => {
    const { code, stdout, stderr } = await runCommand(["verify", "27cf", "8dbd", "--quiet"], served);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `ok  ${middle}\nok  ${base}\n`, stderr: "" });
  });

  it("--all does the rest where some fail, and says why", async () => {
    const { code, json, stderr } = await runCommand(["verify", "--all", "--json"], served);
    expect(code).toBe(1);
    expect(json.verified.map(({ id }: { id: string }) => id).sort()).toEqual([middle, base].sort());
    for (const { ok, expected, actual } of json.verified)
      expect({ ok, actual }).toEqual({ ok: true, actual: expected });
    expect(json.failed).toHaveLength(2);
    expect(json.failed).toContainEqual({
      id: right,
      code: "INVALID_JOB",
      message: expect.stringContaining(right),
    });
    const mismatch = json.failed.find(({ id }: { id: string }) => id === left);
    const { expected, actual, message } = mismatch;
    expect(mismatch).toMatchObject({ code: "CHECKSUM_MISMATCH" });
    for (const named of [left, expected, actual]) expect(message).toContain(named);
    expect(mismatch.differences).toBeUndefined();
    expect(stderr).toContain(`CHECKSUM_MISMATCH: ${message}`);
  });

  it("--explain tells what differs, in text and in JSON", async () => {
    const text = await runCommand(["verify", left, "--explain", "--quiet"], served);
    expect(text).toMatchObject({ code: 1, stdout: `mismatch  ${left}\nextra  /new\\x0aname\n` });
    const { code, json } = await runCommand(["verify", left, "--explain", "--json"], served);
    expect(code).toBe(1);
    expect(json).toMatchObject({
      verified: [],
      failed: [{ id: left, code: "CHECKSUM_MISMATCH", differences: [{ path: "/new\nname", kind: "extra" }] }],
    });
  });

  it("--explain says so where no manifest is there to tell", async () => {
    const bare = await scratch.fresh();
    await unpackDockerGraph(bare);
    await runCommand(["checksum", base, "--recipe", "xz-1"], { root: bare });
    rmSync(join(bare, "graph", base, "manifest.gz"));
    appendFileSync(join(bare, "graph", base, "layer/etc/passwd"), "x");
    const { code, stdout, stderr } = await runCommand(["verify", base, "--explain"], { root: bare });
    expect({ code, stdout }).toEqual({ code: 1, stdout: `mismatch  ${base}\n` });
    expect(stderr).toContain("no manifest");
  });

  it("of an empty graph verifies nothing, well", async () => {
    const empty = await scratch.fresh();
    mkdirSync(join(empty, "graph"));
    const { code, json } = await runCommand(["verify", "--all", "--json"], { root: empty });
    expect({ code, json }).toEqual({ code: 0, json: { verified: [], failed: [] } });
  });

  it("--detach prints the jobs, which are joined while they wait", async () => {
    const { code, json } = await runCommand(["verify", base, middle, "--detach", "--json"], served);
    expect(code).toBe(0);
    expect(json).toMatchObject([
      { name: "verify", queue: "checksum" },
      { name: "verify", queue: "checksum" },
    ]);
  });

  it.each([[[]], [["--all", "27cf"]]])(
    "is wrong usage with neither ids nor --all, or both: %j",
    async (args) => {
      const { code, json } = await runCommand(["verify", ...args, "--json"], served);
      expect({ code, json }).toMatchObject({ code: 2, json: { error: { code: "INVALID_OPTION" } } });
    },
  );
});
