// Locks of jobs that run out soon when their worker is killed, for tests that wait for that. A real worker's last 20 s.
const lockDuration = 2_000;

/** For `startWorker`. */
export const quickLocks = { lockDuration };

/** For a process that is a worker. */
export const quickLockEnvironment = { STEVEDORE_INTERNAL_LOCK_MS: `${lockDuration}` };
