// CPU time of processes, by proc(5).
import { readdirSync, readFileSync } from "node:fs";

/** In ms: Linux counts in hundredths of a second, whatever the machine (sysconf(_SC_CLK_TCK)). */
const tick = 10;

/** CPU time of a process itself, in ms. Undefined if it is gone. */
export function cpuTimeOf(pid: number): number | undefined {
  return statOf(pid)?.own;
}

/** CPU time of a process with that of all its children, those that have ended included, in ms. */
export function cpuTimeOfTree(pid: number): number {
  const { own = 0, reaped = 0 } = statOf(pid) ?? {};
  return childrenOf(pid).reduce((sum, child) => sum + cpuTimeOfTree(child), own + reaped);
}

/** The children of a process that run. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function statOf(pid: number): { readonly own: number; readonly reaped: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, in parentheses, may hold anything; utime, stime, cutime and cstime are the fields 14 to 17.
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 15)
      .map(Number);
    return { own: (user + system) * tick, reaped: (childUser + childSystem) * tick };
  } catch {
    return undefined;
  }
}
