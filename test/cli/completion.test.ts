// What the shells complete: the answers to their scripts, and bash, zsh and fish themselves on a pseudo terminal.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { argumentKind } from "../../src/cli/completion/index.js";
import { commandNames, makeProgram } from "../../src/cli/program.js";
import { dockerImages, unpackDockerGraph } from "../support/images/docker-graph.js";
import { runCommand, startCommand } from "../support/processes/command.js";
import { startProgramOnTerminal } from "../support/processes/screen.js";
import { binary, noRedisRuns, plainEnvironment } from "../support/processes/stevedore.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const ids = Object.values(dockerImages).sort();
let root: string;
/** Has a `stevedore` that prints what it is run with, but for what the completion asks. */
let bin: string;

beforeAll(async () => {
  root = await scratch.fresh();
  await unpackDockerGraph(root);
  await runCommand(["tag", dockerImages.middle, "web:1.2"], { root });
  bin = await scratch.fresh();
  writeFileSync(
    join(bin, "stevedore"),
    `#!/bin/sh
case $1 in __complete | completion) exec "${process.execPath}" "${binary}" "$@" ;; esac
printf 'ran: %s\\n' "$*"
`,
  );
  chmodSync(join(bin, "stevedore"), 0o755);
});

/** The answer to a line whose last word is completed: its kind, and the words. */
async function answer(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { stdout } = await runCommand(["__complete", ...words], { env: { STEVEDORE_ROOT: root, ...env } });
  const [kind, ...lines] = stdout.trimEnd().split("\n");
  return { kind, words: lines.map((line) => line.split("\t")[0]), lines };
}

const wordsFor = async (...words: string[]) => (await answer(words)).words;

describe("the completion", () => {
  it("offers every command and alias once, and what it does, but no hint and nothing hidden", async () => {
    const { kind, words, lines } = await answer([""]);
    expect(kind).toBe("words");
    expect([...words].sort()).toEqual([...commandNames, "help", "rmi", "save", "load", "umount"].sort());
    expect(lines).toContain("rmi\tthe same as rm");
    expect(await wordsFor("--json", "chec")).toEqual(["check", "checksum"]);
    expect(await wordsFor("help", "unm")).toEqual(["unmount", "umount"].filter((w) => w.startsWith("unm")));
  });

  it("offers the flags of the command and those of all", async () => {
    const flags = await wordsFor("gc", "-");
    expect(flags).toEqual(expect.arrayContaining(["--dry-run", "--yes", "--older", "--root", "--help"]));
    expect(new Set(flags).size).toBe(flags.length);
    expect(await wordsFor("rmi", "--for")).toEqual(["--force"]);
    expect(await wordsFor("gc", "--", "--")).toEqual([]);
  });

  it.each([
    [["jobs", "--state", "can"], ["cancelled"]],
    [
      ["checksum", "--recipe=x"],
      ["--recipe=xz-6", "--recipe=xz-1"],
    ],
    [["mount", "--driver", "fuse"], ["fuse-overlayfs"]],
    [["export", "--format", "o"], ["oci"]],
    [["jobs", "--code", "IMAGE_N"], ["IMAGE_NOT_FOUND"]],
    [["jobs", "--name", "checksum-"], ["checksum-graph"]],
    [["pause", "che"], ["checksum"]],
    [["completion", "z"], ["zsh"]],
    [["tag", "27cf", "we"], ["web:1.2"]],
    [["rm", "we"], ["web:1.2"]],
    [["rm", "'27"], [dockerImages.middle]],
    [["inspect", "--json", "b7"], [dockerImages.left]],
    [["store", "x.tar", "--parent", "8d"], [dockerImages.base]],
    [["rm", "27cf", ""], []],
    [["frobnicate", ""], []],
  ])("completes %j by %j", async (words, expected) => {
    expect(await wordsFor(...words)).toEqual(expected);
  });

  it("leaves files and directories to the shell", async () => {
    for (const words of [
      ["store", "x"],
      ["import", ""],
      ["export", "a", "-o", ""],
      ["checksum", "--check="],
    ])
      expect(await answer(words)).toMatchObject({ kind: "files", words: [] });
    for (const words of [
      ["--root", ""],
      ["images", "--root="],
      ["mount", "27cf", "/"],
      ["changes", "/mnt"],
    ])
      expect(await answer(words)).toMatchObject({ kind: "directories", words: [] });
  });

  it("reads the root of the flag, in its forms, before the environment's", async () => {
    const other = await scratch.fresh();
    mkdirSync(join(other, "graph/feed"), { recursive: true });
    for (const flag of [["--root", other], [`--root=${other}`], ["--root", "~/"]]) {
      const { words } = await answer([...flag, "rm", ""], { HOME: other });
      expect(words).toEqual(["feed"]);
    }
    expect(await wordsFor("rm", "")).toEqual(["web:1.2", ...ids]);
    expect(await wordsFor("--root", "/nowhere", "rm", "")).toEqual([]);
  });

  it("knows jobs, schedules and mounts, and starts no Redis for it", async () => {
    const own = await scratch.fresh();
    await unpackDockerGraph(own);
    const before = readdirSync(own);
    const env = { STEVEDORE_ROOT: own };
    expect((await answer(["job", ""], env)).words).toEqual([]);
    expect(readdirSync(own)).toEqual(before);

    const job = (await runCommand(["checksum", "nobody", "--detach"], { root: own })).stdout.trim();
    expect((await answer(["job", ""], env)).words).toEqual([]);
    expect(noRedisRuns(own)).toBe(true);
    const up = startCommand(["up", "--no-server"], { root: own });
    await up.says(/ serving /);
    await runCommand(["schedule", "gc", "--cron", "@daily"], { root: own });
    const { mountId } = (await runCommand(["mount", "27cf", "--json"], { root: own })).json;
    expect((await answer(["retry", job.slice(0, 3)], env)).lines).toEqual([`${job}\tchecksum, failed`]);
    expect((await answer(["cancel", job], env)).words).toEqual([]);
    expect((await answer(["unschedule", ""], env)).words).toEqual(["gc"]);
    expect((await answer(["unmount", ""], env)).words).toEqual([mountId]);
    await runCommand(["unmount", mountId], { root: own });
    await up.stop();
  });

  it("has a kind for every argument of every command", async () => {
    const program = await makeProgram("1", commandNames);
    const unknown = program.commands
      .filter((command) => commandNames.includes(command.name()))
      .flatMap((command) =>
        command.registeredArguments
          .filter((argument, at) => argument.argChoices === undefined && !argumentKind(command.name(), at))
          .map((argument) => `${command.name()} ${argument.name()}`),
      );
    expect(unknown).toEqual([]);
  });

  it("takes less than 200 ms of processor time for 10,000 images", async () => {
    const large = await scratch.fresh();
    for (let at = 0; at < 10_000; at++) mkdirSync(join(large, "graph", `image-${at}`), { recursive: true });
    const args = [binary, "__complete", "--root", large, "rm", "image-99"];
    // Of several, for the machine may be busy; without what a process costs that does nothing.
    const own = Math.min(...[1, 2, 3].map(() => processorTime(args)));
    const bare = Math.min(...[1, 2, 3].map(() => processorTime(["-e", "0"])));
    expect(own - bare).toBeLessThan(200);
  });
});

/** The processor time that a run of Node takes, in ms, as bash tells it. */
function processorTime(args: readonly string[]): number {
  const line = 'TIMEFORMAT="%U %S"; time "$@" > /dev/null';
  const { stderr } = spawnSync("bash", ["-c", line, "bash", process.execPath, ...args], {
    encoding: "utf8",
    env: plainEnvironment(),
  });
  return stderr.split(" ").reduce((sum, seconds) => sum + Number(seconds) * 1_000, 0);
}

/** How each shell is started, without its user's settings, and what it is told first. */
const shells = {
  bash: {
    command: ["bash", "--noprofile", "--norc", "-i"],
    setUp: "PS1=; source <(stevedore completion bash)",
  },
  zsh: {
    command: ["zsh", "-f", "-i"],
    setUp: "PS1=; autoload -Uz compinit; compinit -D -u; source <(stevedore completion zsh)",
  },
  fish: {
    command: ["fish", "--no-config", "-i"],
    setUp: "function fish_prompt; end; stevedore completion fish | source",
  },
};

describe.each(Object.entries(shells))("%s", (_, { command, setUp }) => {
  it("completes commands, names with a colon, values, ids and files", async () => {
    const directory = await scratch.fresh();
    writeFileSync(join(directory, "layer.tar"), "");
    mkdirSync(join(directory, "graphs"));
    const running = startProgramOnTerminal(command, {
      ...{ columns: 150, rows: 40 },
      env: {
        PATH: `${bin}:${process.env.PATH}`,
        STEVEDORE_ROOT: root,
        HOME: directory,
        XDG_CONFIG_HOME: directory,
      },
    });
    const lines: [typed: string, completed: RegExp, run: string][] = [
      ["stevedore unsch\t", /unschedule/, "unschedule"],
      ["stevedore rm we\t", /rm web:1\.2/, "rm web:1.2"],
      ["stevedore tag web:1.2 web:\t", /web:1\.2 web:1\.2/, "tag web:1.2 web:1.2"],
      ["stevedore rm 27\t", /27cf784147099545/, "rm 27cf784147099545"],
      ["stevedore checksum --recipe=d\t", /=docker/, "checksum --recipe=docker"],
      ["stevedore jobs --state can\t", /cancelled/, "jobs --state cancelled"],
      [`stevedore store ${directory}/lay\t`, /layer\.tar/, `store ${directory}/layer.tar`],
      [`stevedore --root=${directory}/gra\t`, /graphs/, `--root=${directory}/graphs`],
    ];
    try {
      running.type(`${setUp}; echo rea''dy\r`);
      await running.shows(/ready/);
      for (const [typed, completed, run] of lines) {
        running.type(typed);
        await running.shows(completed);
        running.type("\r");
        await running.shows(new RegExp(`ran: ${run.replaceAll(/[.?+]/g, "\\$&")}/?\\s*$`, "m"));
      }
    } finally {
      // An interactive shell does not heed SIGTERM.
      process.kill(running.pid, "SIGKILL");
      await running.ended;
    }
  });
});
