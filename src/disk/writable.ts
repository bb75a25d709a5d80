// Whether a root can be written at all: checked before work begins that could not be finished.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { isErrno, StevedoreError } from "../terms/index.js";
import { ioError } from "./io-error.js";
import { makeDirectory } from "./make-directory.js";

/**
 * Makes a root's directory if it is missing, and asks the kernel whether this process may write to it.
 * @throws `NEEDS_ROOT` if it may not, `NO_SPACE`, `INTERNAL` if nobody may: the file system is mounted read-only
 */
export async function assertWritable(root: string): Promise<void> {
  try {
    makeDirectory(root);
    await access(root, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (isErrno(error, "EROFS")) {
      throw new StevedoreError("INTERNAL", `the root ${root} is on a read-only file system`, {
        cause: error,
      });
    }
    throw ioError(error, `the root ${root} cannot be written`);
  }
}
