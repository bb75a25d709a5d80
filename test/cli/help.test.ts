// Help, wrong usage, the version, and where the configuration comes from.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../support/images/docker-graph.js";
import { runCommand } from "../support/processes/command.js";
import { shell } from "../support/processes/shell.js";
import { stevedore } from "../support/processes/stevedore.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
let root: string;

beforeAll(async () => {
  root = await scratch.fresh();
  await unpackDockerGraph(root);
});

const globalFlags = ["--root", "--redis", "--graph", "--json", "--color", "--quiet", "--verbose"];
const listFlags = ["--no-trunc", "--format"];
const imageFlags = ["--allow-squash", "--max-layer-bytes", "--max-layer-entries"].concat(
  "--max-record-bytes",
  "--max-job-bytes",
);
const layerFlags = [...imageFlags, "--tool-silence"];
const threadFlags = ["--threads", "--xz-memory", "--tool-silence"];
const registryFlags = [
  ...["--registry-auth", "--registry-ca", "--registry-insecure", "--registry-mirror"],
  ...["--registry-concurrency", "--download-time", "--download-silence", "--download-resumes"],
];
const workerFlags = [
  ...imageFlags,
  "--max-import-bytes",
  ...threadFlags,
  ...[
    "--block-cache",
    "--store-concurrency",
    "--checksum-concurrency",
    "--offload-memory",
    "--allow-source",
    "--mount-dir",
    "--grace",
    "--keep-exports",
  ],
  ...["--allow-host", "--allow-private-addresses", "--allow-notify", "--notify-secret-file"],
  ...registryFlags,
  "--allow-registry",
  "--host",
  "--log-format",
];
/** Of every command that enqueues jobs. */
const notifyFlags = ["--notify", "--notify-events"];
const recordFlags = ["--id", "--parent", "--comment", "--author", "--created", "--json-file"];
const serverFlags = ["--listen", "--token-file", "--trust-proxy", "--max-upload-bytes", "--rate-limit"];

const enqueueFlags = ["--detach", "--priority", "--delay"];
const filterFlags = ["--queue", "--code", "--name", "--image"];

const flags = {
  up: [...workerFlags, ...serverFlags, "--no-server"],
  server: [...serverFlags, "--log-format"],
  worker: workerFlags,
  compressor: ["--threads", "--host", "--log-format"],
  store: [...recordFlags, "--if-exists", "--name", "--checksum", ...enqueueFlags, ...layerFlags],
  export: ["--output", "--format", "--compress", "--canonical", "--force", ...enqueueFlags, ...threadFlags],
  import: ["--platform", "--name", ...enqueueFlags, "--max-import-bytes", ...layerFlags],
  pull: [
    ...["--platform", "--all-platforms", "--name", ...enqueueFlags],
    ...["--allow-private-addresses", "--max-import-bytes", ...layerFlags, ...registryFlags],
  ],
  push: [
    ...["--compress", "--format", ...enqueueFlags, ...threadFlags],
    ...["--allow-private-addresses", ...registryFlags],
  ],
  login: ["--username", "--password-stdin", "--registry-auth"],
  logout: ["--registry-auth"],
  checksum: [
    ...["--check", "--strict", "--status", "--ignore-missing"],
    ...["--all", "--recipe", "--force", ...enqueueFlags, ...threadFlags],
  ],
  verify: ["--all", "--explain", ...enqueueFlags, ...threadFlags],
  images: listFlags,
  tree: listFlags,
  history: listFlags,
  inspect: [],
  tag: [...enqueueFlags],
  untag: ["--yes", ...enqueueFlags],
  rm: ["--force", "--yes", ...enqueueFlags],
  gc: ["--dry-run", "--yes", "--keep", "--older", ...enqueueFlags],
  mount: ["--read-only", "--driver", "--options", "--mount-dir", "--host", ...enqueueFlags],
  unmount: ["--keep-upper", "--yes", "--host", ...enqueueFlags],
  mounts: ["--host", ...listFlags],
  changes: ["--host"],
  commit: [
    "--id",
    "--comment",
    "--author",
    "--created",
    "--name",
    "--checksum",
    "--host",
    ...enqueueFlags,
    ...layerFlags,
  ],
  jobs: ["--state", "--watch", "--limit", "--since", ...filterFlags, ...listFlags],
  job: ["--queue"],
  cancel: ["--queue", "--yes"],
  retry: ["--failed", "--cancelled", ...filterFlags],
  remove: ["--state", "--older", "--yes", ...filterFlags],
  pause: ["--schedule"],
  resume: ["--schedule"],
  schedule: ["--cron", "--tz", "--id", "--recipe", "--force", "--data"],
  schedules: listFlags,
  unschedule: [],
  ls: ["--layer", "--recursive"],
  cat: [],
  diff: [],
  waste: ["--limit"],
  check: ["--repair", "--host"],
  doctor: [],
  completion: [],
  man: [],
};

describe.concurrent("stevedore's help", () => {
  it.each(Object.entries(flags))("of %s names its flags and gives an example", async (command, own) => {
    const { code, stdout, stderr } = await runCommand([command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const asks = own.some((flag) => flag === "--detach" || flag === "--cron");
    const named = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag);
    expect(named.sort()).toEqual(
      [...own, ...(asks ? notifyFlags : []), ...globalFlags, "--help", "--version"].sort(),
    );
    expect(stdout).toMatch(new RegExp(`Examples?:\\n.*\\$ .*stevedore ${command}`));
  });

  it("lists the commands, asked for in any way", async () => {
    const [flag, word] = await Promise.all([runCommand(["--help"]), runCommand(["help"])]);
    expect([flag.code, word.code]).toEqual([0, 0]);
    for (const { stdout } of [flag, word]) {
      for (const command of Object.keys(flags)) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, "m"));
    }
    expect((await runCommand(["help", "store"])).stdout).toContain("Usage: stevedore store");
  });

  it("tells the exit codes, the environment, and other words for a command", async () => {
    const { stdout } = await runCommand(["help"]);
    for (const code of [0, 1, 2, 3, 130]) expect(stdout).toMatch(new RegExp(`^  ${code} +\\S`, "m"));
    for (const [alias, command] of Object.entries({ rmi: "rm", save: "export", load: "import" })) {
      expect(stdout).toMatch(new RegExp(`^  ${command} .*(\\n {4}.*)*\\(also: ${alias}\\)`, "m"));
      const usage = (await runCommand([alias, "--help"])).stdout;
      expect(usage).toContain(`Usage: stevedore ${command}|${alias} `);
    }
  });

  it("knows every variable of Stevedore's that the program reads", async () => {
    const sources = await shell("grep -rhoE '\\bSTEVEDORE_[A-Z_]+' src --include=*.ts | sort -u", {
      cwd: join(import.meta.dirname, "../.."),
    });
    const named = sources.toString().trim().split("\n");
    const { stdout } = await runCommand(["help"]);
    const told = named.filter((name) => !name.startsWith("STEVEDORE_INTERNAL_"));
    expect(told.length).toBeGreaterThan(5);
    expect(told.filter((name) => !stdout.includes(`  ${name} `))).toEqual([]);
  });

  it("and wrong usage are those of the built binary, too, to the letter", async () => {
    for (const args of [["--help"], ["store", "--id"], ["jobs", "--redis", "http://x", "--json"]]) {
      expect(await stevedore(args)).toEqual(await runCommand(args));
    }
  });

  it("is not the version", async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
    for (const args of [["--version"], ["-V"]]) {
      expect(await stevedore(args)).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
    }
  });
});

describe.concurrent("wrong usage", () => {
  it.each([
    ["an unknown command", ["imagine"], "imagine"],
    ["an unknown flag", ["images", "--colour"], "--colour"],
    ["a missing argument", ["store"], "source"],
    ["an argument too many", ["history", "a", "b"], "argument"],
    ["a command of Docker's", ["ps", "-a"], "stevedore mounts"],
    ["another of them", ["system", "prune", "--force"], "stevedore gc"],
    ["a flag without its value", ["store", "a.tar", "--id"], "--id"],
    ["a number that is none", ["store", "a.tar", "--max-layer-bytes", "1e3"], "--max-layer-bytes"],
    ["a host that is a URL", ["worker", "--allow-host", "http://files.example"], "--allow-host"],
    ["a registry that is a URL", ["up", "--allow-registry", "https://registry.example"], "--allow-registry"],
    ["a mirror without a host", ["up", "--registry-mirror", "https://mirror.example"], "--registry-mirror"],
    ["no layer at a time", ["worker", "--registry-concurrency", "0"], "--registry-concurrency"],
    ["a password without a user", ["login", "--password-stdin"], "--username"],
    ["a login without a terminal", ["login", "-u", "alice"], "--password-stdin"],
    ["a registry that is no host", ["logout", "team/web"], "team/web"],
    ["a limit of nothing", ["up", "--tool-silence", "0"], "--tool-silence"],
    ["a value that is not offered", ["store", "a.tar", "--if-exists", "maybe"], "maybe"],
    ["no command", [], "Usage"],
    ["a graph's name that is none", ["images", "--graph", "a b"], "--graph"],
    ["a Redis URL that is none", ["jobs", "--redis", "http://x"], "--redis"],
    ["an empty root", ["images", "--root", ""], "--root"],
  ])("ends with 2 and says what is wrong: %s", async (_, args, named) => {
    const { code, stderr, json } = await runCommand([...args, "--json"]);
    expect(code).toBe(2);
    expect(stderr).toContain(named);
    expect(json).toEqual({ error: { code: "INVALID_OPTION", message: expect.any(String) } });
  });
});

describe("the configuration", () => {
  it("takes global flags before and after the command", async () => {
    const results = await Promise.all([
      runCommand(["--root", root, "--json", "images"]),
      runCommand(["images", "--json", "--root", root]),
      runCommand(["--json", "images", `--root=${root}`]),
    ]);
    for (const { code, json } of results)
      expect({ code, images: json.length }).toEqual({ code: 0, images: 4 });
  });

  it("comes from the environment, and flags win", async () => {
    const nowhere = join(scratch.path, "nowhere");
    const fromEnvironment = await runCommand(["inspect", "27cf", "--json"], {
      env: { STEVEDORE_ROOT: root },
    });
    expect(fromEnvironment.json).toMatchObject({ id: dockerImages.middle });
    const flagWins = await runCommand(["inspect", "27cf", "--json"], {
      root,
      env: { STEVEDORE_ROOT: nowhere },
    });
    expect(flagWins.json).toMatchObject({ id: dockerImages.middle });

    const socket = "unix:///nowhere/stevedore.sock";
    const urls = { STEVEDORE_REDIS_URL: socket, REDIS_URL: "redis://127.0.0.1:1" };
    const queue = await runCommand(["jobs", "--json"], { root, env: urls });
    expect(queue.json.error).toMatchObject({
      code: "QUEUE_UNAVAILABLE",
      message: expect.stringContaining("/nowhere/"),
    });
    const usual = await runCommand(["jobs", "--json"], {
      root,
      env: { REDIS_URL: socket, STEVEDORE_REDIS_URL: "" },
    });
    expect(usual.json.error.message).toContain("/nowhere/");

    const wrong = await runCommand(["images", "--json"], { root, env: { STEVEDORE_GRAPH: "a b" } });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("STEVEDORE_GRAPH") });
    const nameless = await runCommand(["images"], { root, env: { STEVEDORE_HOST: "a:b" } });
    expect(nameless).toMatchObject({ code: 2, stderr: expect.stringContaining("STEVEDORE_HOST") });
    const overruled = await runCommand(["images", "--graph", "a"], { root, env: { STEVEDORE_GRAPH: "a b" } });
    expect(overruled.code).toBe(0);
  });

  it("lets its reader leave early", async () => {
    const { binary } = await import("../support/processes/stevedore.js");
    const output = await shell(
      [
        `"${process.execPath}" "${binary}" tree --root "${root}" 2>&1 >/dev/full`,
        `"${process.execPath}" "${binary}" images --root "${root}" 2>&1 | true`,
        `"${process.execPath}" "${binary}" help 2>&1 >/dev/full`,
      ].join("; "),
    );
    expect(output.toString()).toBe("");
  });
});
