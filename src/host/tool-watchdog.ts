// Notices a tool that is stuck: stopped, or waiting for a disk that does not answer. One that cannot go on because
// this process does not feed it, or does not read what it wrote, is not stuck.
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

/** A tool with its pipes. */
interface WatchedTool {
  readonly pid: number | undefined;
  readonly stdin: Socket;
  readonly stdout: Socket;
}

/** How often a tool is checked within the limit: it is stuck if every check finds it silent. */
const checks = 4;
/** A tool that computes may be silent so many times longer: xz is, for each block, and tar while it sorts names. */
const patienceWithWork = 10;

/** The longest time that a timer of Node takes, in ms: beyond it a timer fires at once. */
const longestTimer = 2 ** 31 - 1;

let silenceLimit = 300_000;

/** Sets how long the tools of this process may be silent, in ms. Those that run keep the limit they began with. */
export function limitToolSilence(ms: number): void {
  silenceLimit = ms;
}

/** How long a tool that starts now may be silent, in ms. */
export function toolSilenceLimit(): number {
  return silenceLimit;
}

/**
 * Watches a tool by one timer, which looks only a few times within the limit.
 * @param limit ms for which it may neither read nor write while it could
 * @param onStuck called, perhaps again and again, once it is stuck
 * @returns ends the watch
 */
export function watchTool({ pid, stdin, stdout }: WatchedTool, limit: number, onStuck: () => void) {
  let moved = 0;
  let cpuTime: string | undefined;
  /** How many checks in a row found it silent, and found that it had not even used CPU time. */
  let silent = 0;
  let idle = 0;
  // Checks are counted, not time: while this process itself stands still, no tool becomes stuck.
  const timer = setInterval(
    () => {
      const before = moved;
      moved = stdout.bytesRead + stdin.bytesWritten - stdin.writableLength;
      if (moved !== before || isKeptWaiting(stdin, stdout)) {
        silent = 0;
        idle = 0;
        return;
      }
      const cpuBefore = cpuTime;
      cpuTime = cpuTimeOf(pid);
      silent++;
      idle = cpuTime === cpuBefore ? idle + 1 : 0;
      if (idle >= checks || silent >= checks * patienceWithWork) onStuck();
    },
    Math.min(limit / checks, longestTimer),
  );
  timer.unref();
  return () => clearInterval(timer);
}

/** True if the tool can only wait: what it wrote is not read, or it has all the input that there is so far. */
function isKeptWaiting(stdin: Socket, stdout: Socket): boolean {
  return stdout.readableLength > 0 || (stdin.writable && stdin.writableLength === 0);
}

/** The CPU time of all threads of a process, in ticks of 10 ms (proc(5), /proc/PID/stat: utime and stime). */
function cpuTimeOf(pid: number | undefined): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")")).split(" ").slice(12, 14).join(" ");
  } catch {
    return undefined;
  }
}
