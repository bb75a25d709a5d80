// What a process holds now, as the kernel tells it (proc(5)).
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessSample {
  /** Resident memory, in bytes. */
  readonly memory: number;
  /** Open file descriptors. */
  readonly descriptors: number;
  readonly threads: number;
  /** Children, zombies among them. */
  readonly children: number;
  /** Children that have ended and were not waited for. */
  readonly zombies: number;
}

/** Looks at a process of this host. @throws `ENOENT` if it is gone */
export function sampleProcess(pid: number): ProcessSample {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readOrNothing(`/proc/${pid}/task/${thread}/children`)
      .split(" ")
      .filter((word) => word !== ""),
  );
  return {
    memory: 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1]),
    children: children.length,
    zombies: children.filter((child) => /^State:\s+Z/m.test(readOrNothing(`/proc/${child}/status`))).length,
  };
}

/** How many connections lead to a port of this host from here, by IPv4. */
export function connectionsTo(port: number): number {
  const remote = new RegExp(
    `^\\s*\\d+: \\S+ 0100007F:${port.toString(16).toUpperCase().padStart(4, "0")} 0[18] `,
    "gm",
  );
  return readFileSync("/proc/net/tcp", "latin1").match(remote)?.length ?? 0;
}

/** A thread or a child may end while it is looked at. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
