// The door of terms.
export { cancelled, type DomainErrorCode, isErrno, StevedoreError, throwIfAborted } from "./error.js";
export { formatBytes, formatSeconds } from "./figures.js";
