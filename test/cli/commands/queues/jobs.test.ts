// stevedore jobs and stevedore job: the records of what was done.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../support/processes/command.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { archive, entry } from "../../../support/trees/crafted-tar.js";

const scratch = useScratchDirectory({ inMemory: true });
let root: string;

beforeAll(async () => {
  root = join(scratch.path, "root");
  const file = join(scratch.path, "a.tar");
  writeFileSync(file, archive(entry({ name: "a" }, "a")));
  expect((await runCommand(["store", file, "--id", "a"], { root })).code).toBe(0);
  expect((await runCommand(["store", file, "--id", "a"], { root })).code).toBe(1);
});

describe("stevedore jobs", () => {
  it("lists the records, oldest first, also those of earlier commands", async () => {
    const { code, json } = await runCommand(["jobs", "--json"], { root });
    const common = {
      id: expect.any(String),
      queue: "store",
      name: "store",
      data: expect.any(Object),
      attempts: 1,
      notify: [],
    };
    expect(code).toBe(0);
    expect(json).toEqual([
      {
        ...common,
        state: "completed",
        progress: expect.anything(),
        result: expect.objectContaining({ id: "a", stored: true }),
        failedReason: null,
        createdAt: expect.any(Number),
        finishedAt: expect.any(Number),
      },
      {
        ...common,
        state: "failed",
        progress: null,
        result: null,
        failedReason: expect.stringMatching(/^IMAGE_EXISTS: /),
        createdAt: expect.any(Number),
        finishedAt: expect.any(Number),
      },
    ]);
  });

  it("--state lists those in one state, and refuses a state that is none", async () => {
    const failed = await runCommand(["jobs", "--state", "failed", "--json"], { root });
    expect(failed.json).toMatchObject([{ state: "failed" }]);
    const text = await runCommand(["jobs", "--state", "failed"], { root });
    expect(text.stdout).toMatch(/^ID .*\n[0-9a-f-]{36} .* failed .*IMAGE_EXISTS: .*\n$/);
    const unknown = await runCommand(["jobs", "--state", "lost", "--json"], { root });
    expect(unknown).toMatchObject({ code: 2, json: { error: { code: "INVALID_OPTION" } } });
    expect(unknown.stderr).toContain("lost");
  });

  it("job shows one record, and fails for an id that is none", async () => {
    const [{ id }] = (await runCommand(["jobs", "--json"], { root })).json;
    const found = await runCommand(["job", id, "--json"], { root });
    expect(found).toMatchObject({ code: 0, json: { id, state: "completed", result: { id: "a" } } });
    const missing = await runCommand(["job", "nobody", "--json"], { root });
    expect(missing).toMatchObject({ code: 1, json: { error: { code: "INVALID_JOB" } } });
    expect(missing.stderr).toContain("nobody");
  });
});
