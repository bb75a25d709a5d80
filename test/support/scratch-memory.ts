// Where tests may have directories in memory.

/** The environment variable that names a directory on a file system in memory; unset where the host has none. */
export const memoryVariable = "STEVEDORE_TEST_MEMORY";
