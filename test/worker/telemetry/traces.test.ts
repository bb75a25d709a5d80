// Traces over processes: the command that enqueues, the worker, and the tools that it runs.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tracesAreAsked } from "../../../src/producer/telemetry.js";
import { writeSingleFileImage } from "../../support/images/single-file-image.js";
import { startStevedore, stevedore } from "../../support/processes/stevedore.js";
import { openDatabase, type TestDatabase } from "../../support/redis/shared-redis.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

interface WrittenSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const setUp = pathToFileURL(join(import.meta.dirname, "../../support/spans-to-file.mjs")).href;
const scratch = useScratchDirectory();
let redis: TestDatabase;
beforeAll(async () => {
  redis = await openDatabase();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** The environment of a process whose spans go to a file, and what reads that. */
function traced(name: string) {
  const file = join(scratch.path, `${name}.json`);
  const spans = () => JSON.parse(readFileSync(file, "utf8")) as WrittenSpan[];
  return { env: { NODE_OPTIONS: `--import=${setUp}`, SPANS_FILE: file }, spans };
}

/** A directory for PATH whose xz notes the trace that it is part of. */
function notingXz(notes: string): string {
  const bin = join(scratch.path, "bin");
  mkdirSync(bin);
  const xz = execFileSync("which", ["xz"], { encoding: "utf8" }).trim();
  writeFileSync(join(bin, "xz"), `#!/bin/sh\necho "$TRACEPARENT" >> ${notes}\nexec ${xz} "$@"\n`, {
    mode: 0o755,
  });
  return `${bin}:${process.env.PATH}`;
}

describe("a trace", () => {
  it("spans the command that enqueued a job, its worker, and the tools that this ran", async () => {
    const root = join(scratch.path, "root");
    // Too large for the library: xz compresses it.
    writeSingleFileImage(root, "a", 100_000);
    const notes = join(scratch.path, "traceparents");
    const [atWorker, atCommand] = [traced("worker"), traced("command")];
    const worker = startStevedore(["worker", "--redis", redis.url], {
      ...{ root, env: { ...atWorker.env, PATH: notingXz(notes) } },
    });
    await worker.says(/ serving /);
    const command = await stevedore(["checksum", "a", "--redis", redis.url], { root, env: atCommand.env });
    expect(command.code).toBe(0);
    expect((await worker.stop()).code).toBe(0);

    const added = atCommand.spans().find(({ name }) => name.startsWith("add"));
    expect(added).toBeDefined();
    const ofTrace = atWorker.spans().filter(({ traceId }) => traceId === added?.traceId);
    const processed = ofTrace.find(({ name }) => name.startsWith("process"));
    expect(processed?.parent).toBe(added?.spanId);
    const runs = ofTrace.filter(({ name }) => name.startsWith("run "));
    expect(runs.map(({ name }) => name)).toEqual(expect.arrayContaining(["run tar", "run xz"]));
    for (const { parent } of runs) expect(parent).toBe(processed?.spanId);
    const xz = runs.find(({ name }) => name === "run xz");
    expect(xz?.attributes["process.command_args"]).toContain("--check=crc64");
    expect(xz?.attributes["process.pid"]).toEqual(expect.any(Number));
    expect(readFileSync(notes, "utf8").split("\n")).toContain(`00-${xz?.traceId}-${xz?.spanId}-01`);
    // What the worker checks when it starts belongs to no job.
    expect(atWorker.spans().filter(({ name }) => name.startsWith("run "))).toEqual(runs);
  });

  it("is begun by nobody who did not ask for one", async () => {
    const root = join(scratch.path, "plain");
    writeSingleFileImage(root, "a");
    const graph = { STEVEDORE_GRAPH: "plain", STEVEDORE_REDIS_URL: redis.url };
    const { stdout } = await stevedore(["checksum", "a", "--detach"], { root, env: graph });
    const opts = await redis.command("HGET", `{stevedore:plain}:checksum:${stdout.trim()}`, "opts");
    expect(JSON.parse(String(opts))).not.toHaveProperty("tm");
    const asked = { ...graph, STEVEDORE_TRACES: "1" };
    writeSingleFileImage(root, "b");
    const second = await stevedore(["checksum", "b", "--detach"], { root, env: asked });
    const tracedOpts = await redis.command(
      "HGET",
      `{stevedore:plain}:checksum:${second.stdout.trim()}`,
      "opts",
    );
    expect(JSON.parse(String(tracedOpts))).toHaveProperty("tm");
  });

  it.each([
    [{}, false],
    [{ STEVEDORE_TRACES: "" }, false],
    [{ STEVEDORE_TRACES: "0" }, false],
    [{ STEVEDORE_TRACES: "1" }, true],
  ])("is asked for by the environment: %j: %s", (environment, isAsked) => {
    expect(tracesAreAsked(environment)).toBe(isAsked);
  });
});
