// Whether a root can be written at all: told before anything is begun that could not be ended.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { isErrno, StevedoreError } from "../error.js";
import { ioError } from "./io-error.js";

/**
 * Asks the kernel whether this process may write to a directory, which is there.
 * @throws `NEEDS_ROOT` if it may not, `INTERNAL` if nobody may: the file system is mounted read-only
 */
export async function assertWritable(directory: string): Promise<void> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (isErrno(error, "EROFS")) {
      throw new StevedoreError("INTERNAL", `the root ${directory} is on a read-only file system`, {
        cause: error,
      });
    }
    throw ioError(error, `the root ${directory} cannot be written`);
  }
}
