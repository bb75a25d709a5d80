// Kills a process at a chosen system call, by strace(1): each state in which a kill may leave the disk can be had.
import { execa } from "execa";

/** The calls of Node that make what was done to a disk seen, or durable. */
export const diskCalls = ["rename", "unlink", "rmdir", "fsync"] as const;
export type DiskCall = (typeof diskCalls)[number];

/**
 * Runs Node on the text of an ES module as `startNode` does, and kills it on its `at`th call of a kind, before that is
 * done. One thread of Node makes all of them, so that they have one order.
 * @returns true if there were not so many, and the program has come to its end
 */
export async function runUntil(
  call: DiskCall,
  at: number,
  program: string,
  ...args: string[]
): Promise<boolean> {
  const inject = ["-f", "-e", `trace=${call}`, "-e", `inject=${call}:signal=SIGKILL:when=${at}`];
  const node = [process.execPath, "--input-type=module", "-e", program, ...args];
  const { exitCode, signal, stderr } = await execa(
    "strace",
    ["--quiet=all", "--output=/dev/null", ...inject, ...node],
    { env: { UV_THREADPOOL_SIZE: "1" }, stdin: "ignore", reject: false },
  );
  if (exitCode === 0) return true;
  // strace ends as its child does.
  if (signal === "SIGKILL") return false;
  throw new Error(`strace: ${exitCode ?? signal}: ${stderr}`);
}
