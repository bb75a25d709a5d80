// A host as the kernel can make one on another: its own mounts, its own name, its own processes; only the disk is shared.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { type Running, type StevedoreOptions, startStevedore } from "./stevedore.js";

export interface NamespaceHost extends AsyncDisposable {
  readonly name: string;
  /** Starts a command there. */
  start(args: readonly string[], options?: StevedoreOptions): Running;
  /** Runs lines of the shell there. */
  shell(script: string): Promise<void>;
  /** Where the kernel has images of Stevedore mounted there, below a directory, sorted. */
  mounted(directory: string): string[];
}

/** Sends a signal to a command that was started on such a host. */
export function signalThere({ process: entered }: Running, signal: NodeJS.Signals): void {
  // nsenter(1) only waits for it, and stops with it.
  for (const pid of childrenOf(entered)) process.kill(pid, signal);
  if (signal === "SIGCONT") entered.kill(signal);
}

/** Sends a signal to a command that was started on such a host, and waits for its end. */
export async function stopThere(running: Running, signal: NodeJS.Signals = "SIGTERM") {
  signalThere(running, signal);
  return running.ended;
}

/** Makes a host of that name. Disposed of, it takes its processes and its mounts with it. */
export async function startHost(name: string): Promise<NamespaceHost> {
  // A mount namespace begins as a copy: what others have mounted on this machine is theirs.
  const alone = "findmnt -rno SOURCE,TARGET | sed -n 's/^stevedore:[^ ]* //p' | xargs -r -n 1 umount -l";
  const naming = `${alone}; echo "$0" > /proc/sys/kernel/hostname; echo ready; exec sleep infinity`;
  const own = ["--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"];
  const holder = spawn("unshare", [...own, "sh", "-c", naming, name], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(holder.stdout, "data");
  const [first] = childrenOf(holder);
  const within = ["nsenter", "--target", `${first}`, "--mount", "--uts", "--pid", "--"];
  return {
    name,
    start: (args, options) => startStevedore(args, { ...options, within }),
    async shell(script) {
      const [program = "", ...args] = [...within, "sh", "-euc", script];
      await promisify(execFile)(program, args);
    },
    mounted(directory) {
      const lines = readFileSync(`/proc/${first}/mountinfo`, "utf8").split("\n");
      return lines
        .filter((line) => / stevedore:[0-9a-f]{16} /.test(line))
        .map((line) => line.split(" ")[4] ?? "")
        .filter((target) => target.startsWith(`${directory}/`))
        .sort();
    },
    async [Symbol.asyncDispose]() {
      const ended = once(holder, "exit");
      holder.kill("SIGKILL");
      await ended;
    },
  };
}

function childrenOf({ pid }: ChildProcess): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean)
    .map(Number);
}
