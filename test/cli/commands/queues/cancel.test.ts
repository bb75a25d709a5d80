import { describe, expect, it } from "vitest";
import { runCommand } from "../../../support/processes/command.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });

describe("stevedore cancel", () => {
  it("ends a job that waits, and says which it could not end", async () => {
    const root = await scratch.fresh();
    const { stdout } = await runCommand(["checksum", "nobody", "--detach"], { root });
    const id = stdout.trim();
    const { code, json, stderr } = await runCommand(["cancel", id, "no-such-job", "--json"], { root });
    expect(code).toBe(1);
    expect(json).toEqual({
      cancelled: [id],
      failed: [{ id: "no-such-job", code: "INVALID_JOB", message: 'there is no job "no-such-job"' }],
    });
    expect(stderr).toContain('INVALID_JOB: there is no job "no-such-job"');
    expect((await runCommand(["job", id, "--json"], { root })).json).toMatchObject({
      ...{ state: "cancelled", failedReason: `CANCELLED: the job ${id} was cancelled` },
    });
    expect(await runCommand(["cancel", id], { root })).toMatchObject({ code: 0, stdout: `${id}\n` });
  });
});
