// Runs a tool of the host: no shell, an environment that cannot change what it writes, killed when the
// signal aborts, its stderr in the error.
import type { Socket } from "node:net";
import { setPriority } from "node:os";
import type { Readable, Writable } from "node:stream";
import { ExecaError, type Options as ExecaOptions, execa } from "execa";
import { cancelled, type ErrorCode, StevedoreError } from "../terms/index.js";
import type { Tool } from "./tool.js";
import { announceRun } from "./tool-runs.js";
import { toolSilenceLimit, watchTool } from "./tool-watchdog.js";

/** Variables that change the output of tar, xz, gzip and their kin, or the zone of it. */
const outputAffectingVariables = [
  "TAR_OPTIONS",
  "TAR_WRITER_OPTIONS",
  "TAR_READER_OPTIONS",
  "TAPE",
  "POSIXLY_CORRECT",
  "XZ_OPT",
  "XZ_DEFAULTS",
  "GZIP",
  "BZIP",
  "BZIP2",
  "ZSTD_CLEVEL",
  "ZSTD_NBTHREADS",
  "TZ",
  "COPYFILE_DISABLE",
];

/**
 * Has glibc ask for huge pages. xz, which goes to and fro in 94 MB of tables, takes a tenth less CPU with them, and half of it
 * for a small layer. (glibc manual, "Memory Allocation Tunables".)
 */
const hugePages = "glibc.malloc.hugetlb";

/** What the environment asks of glibc, and huge pages, unless it says how it wants them. */
function tunables({ GLIBC_TUNABLES: asked = "" }: NodeJS.ProcessEnv): string {
  if (asked === "") return `${hugePages}=1`;
  return asked.split(":").some((tunable) => tunable.startsWith(`${hugePages}=`))
    ? asked
    : `${asked}:${hugePages}=1`;
}

/**
 * This process's environment without what would make a tool's output differ between hosts.
 * @param keepLocale leaves the locale as it is, instead of `LC_ALL=C`
 */
export function toolEnvironment(keepLocale = false): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    const isLocale = name.startsWith("LC_") || name === "LANG" || name === "LANGUAGE";
    if (!outputAffectingVariables.includes(name) && (keepLocale || !isLocale)) environment[name] = value;
  }
  // Debian keeps some of the tools in sbin directories, which an unprivileged PATH lacks.
  environment.PATH = `${process.env.PATH ?? "/usr/bin:/bin"}:/usr/local/sbin:/usr/sbin:/sbin`;
  if (!keepLocale) environment.LC_ALL = "C";
  environment.GLIBC_TUNABLES = tunables(process.env);
  return environment;
}

interface RunOptions {
  readonly cwd?: string | undefined;
  /** What a non-zero exit means to the caller. Default `INTERNAL`. */
  readonly failure?: ErrorCode | undefined;
  /** Whether the tool gets this process's locale instead of `C`. */
  readonly keepLocale?: boolean | undefined;
  /** Whether everything else on the host goes first: the tool runs at `nice` 10. */
  readonly isBackground?: boolean | undefined;
  /** Further variables. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A tool that runs: its streams, and a promise that settles when it has ended. */
interface RunningTool {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves when the tool has exited with 0; rejects with a `StevedoreError` that carries its stderr. */
  readonly done: Promise<void>;
}

/**
 * Starts a tool with piped stdin and stdout. The caller reads `stdout` to its end and awaits `done`. One that is stuck
 * for as long as `limitToolSilence` says is killed.
 * @throws through `done`: `TOOL_MISSING`, `NO_SPACE`, `CANCELLED`, `INTERNAL` if it was stuck, else `options.failure`.
 */
export function start(tool: Tool, args: readonly string[], options: RunOptions = {}): RunningTool {
  const announced = announceRun(tool.command, args);
  const child = execa(tool.command, args, {
    ...settings(options, announced.environment),
    stdin: "pipe",
    buffer: false,
  });
  if (options.isBackground) lowerPriority(child.pid);
  const stderr = collectStart(child.stderr);
  const silenceLimit = toolSilenceLimit();
  let isStuck = false;
  const pipes = { pid: child.pid, stdin: child.stdin as Socket, stdout: child.stdout as Socket };
  const endWatch = watchTool(pipes, silenceLimit, () => {
    isStuck = true;
    // A stopped process ignores every other signal.
    child.kill("SIGKILL");
  });
  const done = child.then(endWatch, (error: unknown) => {
    endWatch();
    if (isStuck && !options.signal?.aborted) throw stuck(tool, silenceLimit, error);
    throw explain(tool, error, stderr(), options);
  });
  // The rejection belongs to whoever awaits `done`, who may first be busy with the streams.
  done.then(
    () => announced.ended(child.pid),
    (error: unknown) => announced.ended(child.pid, error),
  );
  // A tool that exits early closes its stdin: the exit code tells why, EPIPE would only hide it.
  child.stdin.on("error", () => undefined);
  return { stdin: child.stdin, stdout: child.stdout, done };
}

/**
 * Runs a tool to its end and returns its stdout as text, for small outputs.
 * @throws `TOOL_MISSING`, `NO_SPACE`, `CANCELLED`, else `options.failure`.
 */
export async function run(tool: Tool, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const announced = announceRun(tool.command, args);
  const child = execa(tool.command, args, {
    ...settings(options, announced.environment),
    stdin: "ignore",
    buffer: { stdout: true, stderr: false },
  });
  const stderr = collectStart(child.stderr);
  try {
    const { stdout } = await child;
    announced.ended(child.pid);
    return stdout;
  } catch (error) {
    const failure = explain(tool, error, stderr(), options);
    announced.ended(child.pid, failure);
    throw failure;
  }
}

/** Threads that the tool starts later inherit it (setpriority(2), "C library/kernel differences"). */
function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, 10);
  } catch {
    // It has ended already.
  }
}

/** The exit code in an error of this tool; undefined if the tool was killed, or for any other error. */
export function exitCodeOf(tool: Tool, error: unknown): number | undefined {
  if (!(error instanceof StevedoreError && error.cause instanceof ExecaError)) return undefined;
  return error.cause.command.startsWith(`${tool.command} `) ? error.cause.exitCode : undefined;
}

/** Bytes of a tool's stderr that are kept: enough for its first complaints. */
const stderrLimit = 16 * 1024;

/** Drains a stderr and keeps its beginning, so that a tool that never stops complaining costs no memory. */
function collectStart(stream: Readable): () => string {
  let kept = "";
  stream.on("data", (chunk: Buffer) => {
    if (kept.length < stderrLimit) kept += chunk.toString("utf8");
  });
  return () => kept.slice(0, stderrLimit).trim();
}

function settings(
  { cwd, keepLocale, environment, signal }: RunOptions,
  ofObservers: Readonly<Record<string, string>>,
) {
  return {
    ...(cwd === undefined ? {} : { cwd }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    env: { ...toolEnvironment(keepLocale), ...ofObservers, ...environment },
    extendEnv: false,
    encoding: "utf8",
    stripFinalNewline: true,
    forceKillAfterDelay: 2_000,
    // In a process group of its own: Ctrl-C in a terminal is for this process, which may let the tool end its work.
    detached: true,
  } as const satisfies ExecaOptions;
}

function stuck(tool: Tool, silenceLimit: number, cause: unknown): StevedoreError {
  return new StevedoreError(
    "INTERNAL",
    `${tool.command} was stuck: it neither read nor wrote for ${silenceLimit / 1_000} s and was killed ` +
      "(--tool-silence raises the limit)",
    { cause },
  );
}

function explain(
  tool: Tool,
  error: unknown,
  stderr: string,
  { failure = "INTERNAL", signal }: RunOptions,
): StevedoreError {
  if (signal?.aborted) return cancelled(signal);
  if (!(error instanceof ExecaError)) {
    return new StevedoreError("INTERNAL", `${tool.command}: ${String(error)}`, { cause: error });
  }
  if (error.code === "ENOENT" && error.exitCode === undefined) {
    return new StevedoreError(
      "TOOL_MISSING",
      `${tool.command} is not installed: install the package ${tool.package} (apt-get install ${tool.package})`,
      { cause: error },
    );
  }
  // Whoever killed it, the kernel short of memory for one, has nothing against its input.
  const meaning = error.signal === undefined ? failure : "INTERNAL";
  const code = /No space left on device|Disk quota exceeded/.test(stderr) ? "NO_SPACE" : meaning;
  const how = error.signal === undefined ? `exit code ${error.exitCode}` : `killed by ${error.signal}`;
  return new StevedoreError(code, `${tool.command}: ${how}${stderr === "" ? "" : `: ${stderr}`}`, {
    cause: error,
  });
}
