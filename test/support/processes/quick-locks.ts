// Locks of jobs that run out soon when their worker is killed, for tests that wait for that. A real worker's last 20 s.

/** The variable that tells a worker's process how long its locks last, in ms. */
export const lockVariable = "STEVEDORE_INTERNAL_LOCK_MS";

const lockDuration = 2_000;

/** For `startWorker`. */
export const quickLocks = { lockDuration };

/** For a process that is a worker. */
export const quickLockEnvironment = { [lockVariable]: `${lockDuration}` };
