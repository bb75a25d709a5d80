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
  it("lists the records, newest first, also those of earlier commands", async () => {
    const { code, json } = await runCommand(["jobs", "--json"], { root });
    const common = {
      id: expect.any(String),
      queue: "store",
      name: "store",
      data: expect.any(Object),
      attempts: 1,
      dueAt: null,
      startedAt: expect.any(Number),
      notify: [],
    };
    expect(code).toBe(0);
    expect(json).toEqual([
      {
        ...common,
        state: "failed",
        progress: null,
        result: null,
        failedReason: expect.stringMatching(/^IMAGE_EXISTS: /),
        createdAt: expect.any(Number),
        finishedAt: expect.any(Number),
      },
      {
        ...common,
        state: "completed",
        progress: expect.anything(),
        result: expect.objectContaining({ id: "a", stored: true }),
        failedReason: null,
        createdAt: expect.any(Number),
        finishedAt: expect.any(Number),
      },
    ]);
  });

  it("--state lists those in one state, and refuses a state that is none", async () => {
    const failed = await runCommand(["jobs", "--state", "failed", "--json"], { root });
    expect(failed.json).toMatchObject([{ state: "failed" }]);
    const text = await runCommand(["jobs", "--state", "failed"], { root });
    expect(text.stdout).toMatch(
      /^NAME .* ID +FAILURE\nstore +a +failed .* [0-9a-f-]{12} +IMAGE_EXISTS: .*\n$/,
    );
    const unknown = await runCommand(["jobs", "--state", "lost", "--json"], { root });
    expect(unknown).toMatchObject({ code: 2, json: { error: { code: "INVALID_OPTION" } } });
    expect(unknown.stderr).toContain("lost");
  });

  it("job shows one record, and fails for an id that is none", async () => {
    const [, { id }] = (await runCommand(["jobs", "--json"], { root })).json;
    const found = await runCommand(["job", id, "--json"], { root });
    expect(found).toMatchObject({ code: 0, json: { id, state: "completed", result: { id: "a" } } });
    const missing = await runCommand(["job", "nobody", "--json"], { root });
    expect(missing).toMatchObject({ code: 1, json: { error: { code: "INVALID_JOB" } } });
    expect(missing.stderr).toContain("nobody");
  });

  it("--image, --code, --name, --queue and --since choose, and --limit says how many there are", async () => {
    const ids = async (...flags: string[]) =>
      (await runCommand(["jobs", "--json", ...flags], { root })).json.map(
        ({ state }: { state: string }) => state,
      );
    expect(await ids("--image", "a")).toEqual(["failed", "completed"]);
    expect(await ids("--image", "b")).toEqual([]);
    expect(await ids("--code", "IMAGE_EXISTS")).toEqual(["failed"]);
    expect(await ids("--name", "store", "--queue", "store", "--since", "1h")).toHaveLength(2);
    expect(await ids("--since", "2100-01-01")).toEqual([]);
    const one = await runCommand(["jobs", "--limit", "1"], { root });
    expect(one.stdout.split("\n")).toHaveLength(3);
    expect(one.stderr).toContain("the newest 1 of 2 jobs: --limit shows more");
    const chosen = await runCommand(["jobs", "--limit", "1", "--name", "store"], { root });
    expect(chosen.stderr).toContain("the newest 1 jobs: --limit shows more");
  });

  it.each([
    ["--limit", "0"],
    ["--limit", "-1"],
    ["--limit", "1e9"],
    ["--code", "NOTHING"],
    ["--since", "yesterday"],
    ["--queue", "nothing"],
    ["--watch", "--name=store"],
  ])("refuses %s %s", async (...flags) => {
    const { code, json } = await runCommand(["jobs", "--json", ...flags], { root });
    expect([code, json.error.code]).toEqual([2, "INVALID_OPTION"]);
  });

  it("a job is named by the beginning of its id that the list shows, if no other begins like this", async () => {
    const { stdout } = await runCommand(["jobs", "--state", "completed"], { root });
    const short = / ([0-9a-f-]{12})$/m.exec(stdout)?.[1] ?? "";
    const [{ id }] = (await runCommand(["jobs", "--state", "completed", "--json"], { root })).json;
    expect(id.startsWith(short)).toBe(true);
    expect((await runCommand(["job", short, "--json"], { root })).json.id).toBe(id);
    // It has ended: the refusal names it whole.
    const retried = await runCommand(["retry", short, "--json"], { root });
    expect(retried).toMatchObject({ code: 1, json: { refusals: [{ id }] } });
    const missing = await runCommand(["cancel", "zzzzzzzz", "--json"], { root });
    expect(missing.json.failed).toMatchObject([{ id: "zzzzzzzz" }]);
  });

  it("job tells people how it stands and what came of it", async () => {
    const [{ id: failed }, { id }] = (await runCommand(["jobs", "--json"], { root })).json;
    const done = await runCommand(["job", id], { root });
    expect(done.stdout).toMatch(/^id +[0-9a-f-]{36}\njob +store\nabout +a\nqueue +store\nstate +completed\n/);
    const time = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d[+-]\\d\\d:\\d\\d";
    const times = `\nbegun +${time}, after \\d+s\nended +${time}, after \\d+s, \\S+ ago\ntries +1\n`;
    expect(done.stdout).toMatch(new RegExp(times));
    expect(done.stdout).toMatch(/\nresult\n {2}id +a\n/);
    expect(done.stdout).toMatch(/ {2}layerBytes +1 B\n/);
    expect((await runCommand(["job", failed], { root })).stdout).toMatch(/\nerror +IMAGE_EXISTS: /);
    const missing = await runCommand(["job", "x".repeat(500)], { root });
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.stderr).toMatch(/"x{140}\.\.\." is no job's id: it has 500 characters/);
  });
});
