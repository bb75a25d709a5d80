// What several files of tests need, and none changes: made once in a run, by whichever asks first.
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "../../src/disk/directory-lock.js";

/**
 * Has a directory filled, unless that was done in this run of the tests, and returns its path.
 * @param make gets one that is there and is empty
 */
export async function onceInRun(
  name: string,
  make: (directory: string) => Promise<unknown>,
): Promise<string> {
  const place = join(tmpdir(), "made-once", name);
  const [whole, begun] = [join(place, "whole"), join(place, "begun")];
  mkdirSync(place, { recursive: true });
  await withLock(place, async () => {
    if (existsSync(whole)) return;
    rmSync(begun, { recursive: true, force: true });
    mkdirSync(begun);
    await make(begun);
    renameSync(begun, whole);
  });
  return whole;
}
