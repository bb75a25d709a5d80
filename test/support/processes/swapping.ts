// A process that exchanges what lies at a path, over and over, for races between a check and what comes after it.
import { firstOutput, startNode } from "./node-process.js";

/** Each turn is one rename(2), so that the path is never missing, but for a directory of its own, which has to go first. */
const program = `
import { existsSync, mkdirSync, renameSync, rmSync, rmdirSync, symlinkSync, unlinkSync } from "node:fs";
const [, path, one, other] = process.argv;
const targets = [one, other];
for (let turn = 0; ; turn++) {
  const target = targets[turn % 2];
  if (turn === 2) console.log("turning");
  if (one === "") {
    if (turn > 0) turn % 2 === 1 ? rmdirSync(path) : unlinkSync(path);
    target === "" ? mkdirSync(path) : symlinkSync(target, path);
  } else {
    symlinkSync(target, path + "~");
    renameSync(path + "~", path);
  }
}
`;

/**
 * Makes a path a symlink to two targets by turns, from now until disposed.
 * @param one undefined for an empty directory in its place
 */
export async function swapping(
  path: string,
  one: string | undefined,
  other: string,
): Promise<AsyncDisposable> {
  const child = startNode(program, path, one ?? "", other);
  child.catch(() => undefined);
  await firstOutput(child);
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.catch(() => undefined);
    },
  };
}
