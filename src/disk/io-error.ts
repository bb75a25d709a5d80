// Turns errors of the file system into errors of the domain.
import { errnoMessage, isErrno, StevedoreError } from "../terms/index.js";

/**
 * The error to throw for one that file work gave: a full disk or quota is `NO_SPACE`, a missing permission
 * `NEEDS_ROOT`, another error of the file system `INTERNAL`. Any other error stays as it is.
 * @param what begins the message, such as "the image 1f2e cannot be stored"
 */
export function ioError(error: unknown, what: string): unknown {
  if (error instanceof StevedoreError || !isFileSystemError(error)) return error;
  return new StevedoreError(codeOf(error), `${what}: ${errnoMessage(error)}`, { cause: error });
}

function codeOf(error: Error): "NO_SPACE" | "NEEDS_ROOT" | "INTERNAL" {
  if (isErrno(error, "ENOSPC", "EDQUOT")) return "NO_SPACE";
  if (isErrno(error, "EACCES", "EPERM")) return "NEEDS_ROOT";
  return "INTERNAL";
}

function isFileSystemError(error: unknown): error is Error {
  return error instanceof Error && "errno" in error && "syscall" in error;
}
