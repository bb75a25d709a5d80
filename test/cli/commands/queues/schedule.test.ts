// stevedore schedule, schedules, unschedule: what a user sees of them.
import { beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../support/processes/command.js";
import { serveRoot } from "../../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { until } from "../../../support/until.js";

const scratch = useScratchDirectory({ inMemory: true });
let root: string;
beforeAll(async () => {
  root = await scratch.fresh();
});

const nightly = ["--cron", "0 3 * * *"];

describe("stevedore schedule", () => {
  it("stores a schedule while nobody serves, says so, and it is there for the next command", async () => {
    const args = ["schedule", "verify-graph", ...nightly, "--tz", "Europe/Berlin", "--json"];
    const set = await runCommand(args, { root });
    expect(set).toMatchObject({ code: 0, stderr: expect.stringContaining("no worker serves this graph") });
    const { next } = set.json;
    expect(set.json).toEqual({
      ...{ id: "verify-graph", name: "verify-graph", queue: "checksum", cron: "0 3 * * *" },
      ...{ tz: "Europe/Berlin", data: {}, next: expect.any(Number) },
    });
    const listed = await runCommand(["schedules", "--json"], { root });
    expect(listed).toMatchObject({ code: 0, json: [set.json] });
    const shown = await runCommand(["schedules"], { root });
    expect(shown.stdout.split("\n")).toEqual([
      expect.stringMatching(/^ID +JOB +CRON +ZONE +NEXT +LAST$/),
      `verify-graph  verify-graph  0 3 * * *  Europe/Berlin  ${new Date(next).toISOString()}`,
      "",
    ]);
    const job = await runCommand(["job", `repeat:verify-graph:${next}`, "--json"], { root });
    expect(job).toMatchObject({ code: 0, json: { name: "verify-graph", state: "delayed" } });
  });

  it("takes ids, --recipe and --force, or --data", async () => {
    const own = await runCommand(
      ["schedule", "checksum", "base", "--recipe", "xz-1", "--force", ...nightly],
      {
        root,
      },
    );
    expect(own).toMatchObject({ code: 0, stdout: "checksum.base\n" });
    const data = ["--data", '{"ids":["a","b"]}', "--id", "two"];
    expect(await runCommand(["schedule", "verify-graph", ...data, ...nightly], { root })).toMatchObject({
      ...{ code: 0, stdout: "two\n" },
    });
    expect((await runCommand(["schedules", "--json"], { root })).json).toMatchObject([
      { id: "checksum.base", data: { id: "base", recipe: "xz-1", force: true } },
      { id: "two", data: { ids: ["a", "b"] } },
      { id: "verify-graph" },
    ]);
  });

  it("has it done by a running service, whose run can be looked at, and stops when it is unscheduled", async () => {
    const served = await scratch.fresh();
    const up = await serveRoot(served);
    const args = ["schedule", "checksum-graph", "--cron", "*/1 * * * * *", "--id", "often", "--json"];
    const { json, stderr } = await runCommand(args, { root: served });
    expect(stderr).not.toContain("no worker");
    const id = `repeat:often:${json.next}`;
    let job: { state?: string; result?: unknown } = {};
    await until("the run had not ended", async () => {
      job = (await runCommand(["job", id, "--json"], { root: served })).json;
      return job.state === "completed";
    });
    expect(job.result).toMatchObject({ total: 0, computed: 0 });
    const removed = await runCommand(["unschedule", "often", "--json"], { root: served });
    expect(removed).toMatchObject({ code: 0, json: { id: "often" } });
    expect((await runCommand(["schedules", "--json"], { root: served })).json).toEqual([]);
    expect((await up.stop()).code).toBe(0);
  });

  it.each([
    [
      "a cron expression that is none",
      ["verify-graph", "--cron", "0 3 * *"],
      /cron "0 3 \* \*": it takes five/,
    ],
    [
      "a zone that is none",
      ["verify-graph", ...nightly, "--tz", "Moon"],
      /tz "Moon" is not a valid time zone/,
    ],
    ["a job that makes no sense twice", ["mount", "a", ...nightly], /mount cannot be scheduled: each run/],
    ["data that is no JSON", ["verify-graph", ...nightly, "--data", "{"], /--data "\{": /],
    ["a checksum of no image", ["checksum", ...nightly], /checksum: id: /],
  ])("refuses %s", async (_, args, message) => {
    const { code, json, stderr } = await runCommand(["schedule", ...args, "--json"], { root });
    expect({ code, json }).toEqual({
      ...{ code: 1, json: { error: { code: "INVALID_JOB", message: expect.stringMatching(message) } } },
    });
    expect(stderr).toMatch(message);
  });

  it("without --cron, with --data beside ids, or with several images is wrong usage", async () => {
    for (const args of [
      ["verify-graph"],
      ["verify", "a", ...nightly, "--data", "{}"],
      ["verify", "a", "b", ...nightly],
    ]) {
      expect(await runCommand(["schedule", ...args, "--json"], { root })).toMatchObject({
        ...{ code: 2, json: { error: { code: "INVALID_OPTION" } } },
      });
    }
  });
});

it("stevedore pause --schedule keeps a schedule that does not run, and resume lets it", async () => {
  const own = await scratch.fresh();
  await runCommand(["schedule", "gc", ...nightly], { root: own });
  const paused = await runCommand(["pause", "--schedule", "gc", "weekly", "--json"], { root: own });
  expect(paused).toMatchObject({
    code: 1,
    json: {
      schedules: [{ schedule: "gc", paused: true, changed: true }],
      failed: [{ schedule: "weekly", code: "INVALID_JOB", message: 'there is no schedule "weekly"' }],
    },
  });
  expect((await runCommand(["schedules"], { root: own })).stdout).toMatch(
    /^gc +gc +0 3 \* \* \* +UTC +paused$/m,
  );
  const listed = await runCommand(["schedules", "--json"], { root: own });
  expect(listed.json).toEqual([
    { id: "gc", name: "gc", queue: "store", cron: "0 3 * * *", tz: "UTC", data: {}, paused: true },
  ]);
  expect(await runCommand(["resume", "--schedule", "gc"], { root: own })).toMatchObject({
    code: 0,
    stdout: "gc\n",
  });
  const [resumed] = (await runCommand(["schedules", "--json"], { root: own })).json;
  expect(resumed.next).toBeGreaterThan(Date.now());
});

it("stevedore unschedule names a schedule that is not there", async () => {
  const { code, stderr } = await runCommand(["unschedule", "weekly"], { root });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'stevedore: INVALID_JOB: there is no schedule "weekly"\n',
  });
});
