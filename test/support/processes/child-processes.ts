// The children of this process, to see that none is left behind and to kill one.
import { readdir, readFile } from "node:fs/promises";

export interface ChildProcess {
  readonly pid: number;
  /** The name of its program. */
  readonly command: string;
}

/** The children that run now (proc(5): /proc/PID/task/TID/children). */
export async function childProcesses(): Promise<ChildProcess[]> {
  const found: ChildProcess[] = [];
  for (const thread of await readdir("/proc/self/task")) {
    const children = await readFile(`/proc/self/task/${thread}/children`, "latin1").catch(() => "");
    for (const pid of children.split(" ").filter((word) => word !== "")) {
      const command = await readFile(`/proc/${pid}/comm`, "latin1").catch(() => "");
      if (command !== "") found.push({ pid: Number(pid), command: command.trim() });
    }
  }
  return found;
}
