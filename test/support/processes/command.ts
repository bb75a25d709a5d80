// Runs a command of Stevedore in this process: what a process of its own costs, Node's start and the loading of every
// module, is paid once. The command finds a process of its own in the global `process`, for as long as it runs.
import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { runCommandLine } from "../../../src/cli/command-line.js";
import { type Ended, parseDocument, plainEnvironment, type StevedoreOptions } from "./stevedore.js";

/** A working directory and a program around it are what only a process of its own has. */
export type CommandOptions = Omit<StevedoreOptions, "cwd" | "within">;

/** A command that runs in this process. */
export interface RunningCommand {
  readonly ended: Promise<Ended>;
  /** Resolves when stdout or stderr has said this; rejects if the command ends without. */
  says(pattern: RegExp): Promise<void>;
  /** What it has said so far, on stdout and stderr. */
  output(): string;
  /** Lets it hear a signal, and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** Runs a command to its end. */
export async function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  return startCommand(args, options).ended;
}

/** Starts a command. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { root, env, stdin } = options;
  const given = root === undefined ? args : [...args, "--root", root];
  const events = new EventEmitter().setMaxListeners(0);
  const said = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const text = (name: keyof typeof said) => Buffer.concat(said[name]).toString();
  const output = () => text("stdout") + text("stderr");
  const stream = (name: keyof typeof said) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        said[name].push(chunk);
        events.emit("said");
        done();
      },
    });

  let isOver = false;
  const exited = once(events, "exited");
  const argv = [process.execPath, "stevedore", ...given];
  const exit = (code: unknown) => events.emit("exited", code ?? 0);
  const own = {
    argv,
    exit,
    env: environmentWith(env),
    exitCode: undefined,
    stdin: stdin === undefined ? Readable.from([]) : Buffer.isBuffer(stdin) ? Readable.from([stdin]) : stdin,
    stdout: stream("stdout"),
    stderr: stream("stderr"),
  };
  const surroundings = processWith(own, events);
  const run = running.run(surroundings, async () => {
    await runCommandLine(argv, version);
    exit(surroundings.exitCode);
  });
  const ended = Promise.race([exited, run.then(() => exited)]).then(([code]): Ended => {
    isOver = true;
    events.emit("exit", code);
    events.emit("said");
    const stdout = text("stdout");
    return { code, stdout, stderr: text("stderr"), json: parseDocument(stdout) };
  });
  return {
    ended,
    output,
    async says(pattern) {
      while (!pattern.test(output())) {
        if (isOver) throw new Error(`ended and never said ${pattern}: ${output()}`);
        await once(events, "said");
      }
    },
    stop(signal = "SIGTERM") {
      running.run(surroundings, () => events.emit(signal, signal));
      return ended;
    },
  };
}

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../../package.json"), "utf8")) as {
  version: string;
};

/** The process that each command takes for its own. */
const running = new AsyncLocalStorage<NodeJS.Process>();
const real = process;

Object.defineProperty(globalThis, "process", {
  configurable: true,
  get: () => running.getStore() ?? real,
});
// Some packages import the process instead of taking the global one.
for (const name of ["stdout", "stderr", "env"] as const) {
  const its = real[name];
  Object.defineProperty(real, name, {
    configurable: true,
    enumerable: true,
    get: () => running.getStore()?.[name] ?? its,
  });
}

/** This process, but for what is given, and for its events: what a signal does to one command is not heard by others. */
function processWith(own: object, events: EventEmitter): NodeJS.Process {
  const heard = ["on", "once", "off", "addListener", "removeListener", "emit", "listenerCount"] as const;
  const listening = heard.map((name) => [name, events[name].bind(events)] as const);
  const properties = { ...own, ...Object.fromEntries(listening) };
  return Object.create(
    real,
    Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [name, { value, writable: true, enumerable: true }]),
    ),
  );
}

function environmentWith(env: CommandOptions["env"] = {}): NodeJS.ProcessEnv {
  const entries = Object.entries({ ...plainEnvironment(), ...env });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
