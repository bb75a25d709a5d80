// Whether the host holds what it should of a trial: its mounts, and no process or socket besides.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mountedBelow } from "../../support/mounted.js";
import { expectedWorld, type Ledger } from "../ledger.js";

/** The variable by which all processes of a trial are known: children inherit it. */
export const trialVariable = "STEVEDORE_TRIAL";

export interface HostAuditOptions {
  /** The value of `trialVariable` in the trial's processes. */
  readonly trial: string;
  /** Processes that shall be there. */
  readonly expectedPids: readonly number[];
  /** True if the host went down after the mounts were made: they are gone, and only known to be gone. */
  readonly isRebooted?: boolean;
}

/** Finds mounts, processes and sockets that are missing or left. */
export function auditHost(root: string, ledger: Ledger, options: HostAuditOptions): string[] {
  return [...auditMounts(root, ledger, options), ...auditProcesses(options), ...auditSockets(root)];
}

function auditMounts(root: string, ledger: Ledger, { isRebooted = false }: HostAuditOptions): string[] {
  const { mounts, undecidedMounts } = expectedWorld(ledger);
  if (undecidedMounts) return [];
  const findings: string[] = [];
  const mounted = mountedBelow(root);
  for (const [mountId, { target, image }] of mounts) {
    const entry = mounted.find((candidate) => candidate.target === target);
    if (entry === undefined && !isRebooted)
      findings.push(`the mount ${mountId} of ${image} on ${target} is gone`);
    if (!existsSync(join(root, "mounts", mountId, "mount.json")))
      findings.push(`the mount ${mountId} of ${image} has no record`);
  }
  const targets = new Set([...mounts.values()].map(({ target }) => target));
  for (const { target } of mounted) if (!targets.has(target)) findings.push(`${target} is still mounted`);
  const directory = join(root, "mounts");
  for (const name of existsSync(directory) ? readdirSync(directory) : [])
    if (/^[0-9a-f]{16}$/.test(name) && !mounts.has(name)) findings.push(`mounts/${name} was left`);
  return findings;
}

function auditProcesses({ trial, expectedPids }: HostAuditOptions): string[] {
  return processesOf(trial)
    .filter((pid) => !expectedPids.includes(pid))
    .map((pid) => `the process ${pid} was left: ${commandLine(pid)}`);
}

/** The processes of a trial, by their environment (proc(5): /proc/PID/environ). */
export function processesOf(trial: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const environment = readFileSync(`/proc/${name}/environ`, "latin1").split("\0");
      return environment.includes(`${trialVariable}=${trial}`) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** Signals all processes of a trial; one that has just ended is no matter. */
export function signalTrial(trial: string, signal: NodeJS.Signals): void {
  for (const pid of processesOf(trial)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

/** Unix sockets below the root that somebody listens on, but for the embedded Redis's own. */
function auditSockets(root: string): string[] {
  const lines = readFileSync("/proc/net/unix", "latin1").split("\n");
  const paths = lines.map((line) => line.split(" ").at(-1) ?? "").filter((path) => path.includes(root));
  const extra = [...new Set(paths)].filter((path) => !path.endsWith("/run/redis.sock"));
  return extra.map((path) => `the socket ${path} was left`);
}

function commandLine(pid: number): string {
  try {
    return execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return "(ended meanwhile)";
  }
}
