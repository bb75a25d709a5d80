// Whether the host holds what it should of a trial: its mounts, and no process or socket besides.
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { mountedBelow } from "../../support/mounts/mounted.js";
import { expectedWorld, type Ledger } from "../ledger.js";

/** The variable by which the processes of a trial are known, with its root as the value: children inherit it. */
export const trialVariable = "STEVEDORE_TRIAL";

export interface HostAuditOptions {
  /** Processes that shall be there. */
  readonly expectedPids: readonly number[];
  /** True if the host went down after the mounts were made: they are gone, and only known to be gone. */
  readonly isRebooted?: boolean;
}

/** Finds mounts, processes and sockets that are missing or left. */
export function auditHost(root: string, ledger: Ledger, options: HostAuditOptions): string[] {
  return [...auditMounts(root, ledger, options), ...auditProcesses(root, options), ...auditSockets(root)];
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

function auditProcesses(root: string, { expectedPids }: HostAuditOptions): string[] {
  return processesOf(root)
    .filter((pid) => !expectedPids.includes(pid))
    .map((pid) => `the process ${pid} was left: ${commandLine(pid)}`);
}

/**
 * The processes of a trial, by their environment (proc(5): /proc/PID/environ), or, for Redis writes its title over that,
 * by where they work.
 */
export function processesOf(root: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const environment = readFileSync(`/proc/${name}/environ`, "latin1").split("\0");
      const isOurs =
        environment.includes(`${trialVariable}=${root}`) ||
        readlinkSync(`/proc/${name}/cwd`).startsWith(root);
      return isOurs ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** Signals all processes of a trial; one that has just ended is no matter. */
export function signalTrial(root: string, signal: NodeJS.Signals): void {
  for (const pid of processesOf(root)) {
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
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").join(" ").trim();
  } catch {
    return "(ended meanwhile)";
  }
}
