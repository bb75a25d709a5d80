// A directory of a test file's own, under the system's temporary one, gone when the file is done.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { memoryVariable } from "./scratch-memory.js";

export interface ScratchDirectory {
  /** The directory's path, once the tests run. */
  readonly path: string;
  /** Makes a fresh, empty directory inside. */
  fresh(): Promise<string>;
}

/**
 * To be called at the top of a test file.
 * @param inMemory whether it may lie on a file system in memory, on which what is made durable costs no time: only where the
 * file system is not what is tested
 */
export function useScratchDirectory({ inMemory = false } = {}): ScratchDirectory {
  let path = "";
  let count = 0;
  beforeAll(async () => {
    const above = (inMemory ? process.env[memoryVariable] : undefined) ?? tmpdir();
    path = await mkdtemp(join(above, "stevedore-test-"));
  });
  afterAll(async () => {
    await rm(path, { recursive: true, force: true });
  });
  return {
    get path() {
      return path;
    },
    async fresh() {
      const directory = join(path, `${count++}`);
      await mkdir(directory);
      return directory;
    },
  };
}
