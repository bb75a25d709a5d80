// The image's entrypoint as a plain process: as whom it runs what, with which rights, and that signals arrive.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binary, plainEnvironment } from "../support/processes/stevedore.js";
import { freePort } from "../support/redis/redis-server.js";
import { openDatabase, type TestDatabase } from "../support/redis/shared-redis.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { until } from "../support/until.js";

const scratch = useScratchDirectory();
const entrypoint = join(import.meta.dirname, "../../docker/entrypoint.sh");

let redis: TestDatabase;
let programs: string;
beforeAll(async () => {
  redis = await openDatabase();
  programs = join(scratch.path, "bin");
  mkdirSync(programs);
  symlinkSync(binary, join(programs, "stevedore"));
});
afterAll(() => redis[Symbol.asyncDispose]());

/** Runs the entrypoint as the image does. `within` is a program and its arguments that is to run it. */
function start(root: string, args: readonly string[], within: readonly string[] = []) {
  const [program = "", ...rest] = [...within, entrypoint, ...args];
  const child = spawn(program, rest, {
    env: {
      ...plainEnvironment(),
      PATH: `${programs}:${process.env.PATH}`,
      STEVEDORE_ROOT: root,
      STEVEDORE_REDIS_URL: redis.url,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, output }));
  return {
    ended,
    output: () => output,
    /** What the kernel says of the process: a line of /proc/PID/status for each name. */
    status(...names: string[]): Record<string, string> {
      const lines = readFileSync(`/proc/${child.pid}/status`, "utf8").split("\n");
      const fields = lines.map((line) => line.split(/:\s*/, 2) as [string, string]);
      return Object.fromEntries(fields.filter(([name]) => names.includes(name)));
    },
    async stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

const rights = ["Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"];
/** CAP_DAC_READ_SEARCH alone. */
const readSearch = "0000000000000004";

describe("the entrypoint", () => {
  it("runs the server as another user, who may read all and write nothing but inbox and outbox", async () => {
    const root = await scratch.fresh();
    mkdirSync(join(root, "graph/secret/layer"), { recursive: true, mode: 0o700 });
    const port = await freePort();
    const server = start(root, ["server", "--listen", `127.0.0.1:${port}`]);
    await until(`the server did not answer: ${server.output()}`, async () => {
      return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok;
    });
    expect(server.status(...rights)).toEqual({
      ...{
        Uid: "10001\t10001\t10001\t10001",
        Gid: "10001\t10001\t10001\t10001",
        Groups: "",
        NoNewPrivs: "1",
      },
      ...{
        CapInh: readSearch,
        CapPrm: readSearch,
        CapEff: readSearch,
        CapBnd: readSearch,
        CapAmb: readSearch,
      },
    });
    for (const name of ["inbox", "outbox"]) {
      const { uid, gid, mode } = lstatSync(join(root, name));
      expect({ uid, gid, mode: mode & 0o7777 }).toEqual({ uid: 10001, gid: 10001, mode: 0o700 });
    }
    // The signal reached it, and not a shell before it.
    expect((await server.stop()).code).toBe(0);
  });

  it("hands over an inbox that a worker has made, with only the capabilities that docker-compose.yml gives", async () => {
    const root = await scratch.fresh();
    mkdirSync(join(root, "inbox"), { mode: 0o700 });
    const given = "-all,+chown,+dac_read_search,+fowner,+setgid,+setpcap,+setuid";
    const within = ["setpriv", `--bounding-set=${given}`, "--no-new-privs"];
    for (const _ of ["first", "again"]) {
      const { code, output } = await start(root, ["server", "--help"], within).ended;
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringContaining("Usage: stevedore server"),
      });
      expect(lstatSync(join(root, "inbox")).uid).toBe(10001);
    }
  });

  it("says which capability the server lacks", async () => {
    const within = ["setpriv", "--bounding-set=-dac_read_search"];
    const { code, output } = await start(await scratch.fresh(), ["server"], within).ended;
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining("--cap-add DAC_READ_SEARCH"),
    });
  });

  it("runs a worker as root, which ends in order when it is told to", async () => {
    const own = readFileSync("/proc/self/status", "utf8");
    const worker = start(await scratch.fresh(), ["worker"]);
    await until("the worker did not serve", async () => / serving /.test(worker.output()));
    const { Uid, CapEff } = worker.status("Uid", "CapEff");
    expect(Uid).toBe("0\t0\t0\t0");
    expect(own).toContain(`CapEff:\t${CapEff}\n`);
    expect((await worker.stop()).code).toBe(0);
  });

  it("runs any other command, and ends as that does", async () => {
    const root = await scratch.fresh();
    expect(await start(root, ["images", "--json"]).ended).toEqual({ code: 0, output: "[]\n" });
    expect(await start(root, ["polish"]).ended).toMatchObject({
      ...{ code: 2, output: expect.stringContaining("unknown command 'polish'") },
    });
  });

  it("is a script that POSIX's shell reads", () => {
    expect(execFileSync("sh", ["-n", entrypoint], { encoding: "utf8" })).toBe("");
  });
});
