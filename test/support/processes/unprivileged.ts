// Work as a user without rights, for tests that run as root.

/** The user and the group `nobody`. */
export const nobody = 65534;

/** Runs as a user without rights: the kernel then treats this process, and what it starts, as that user. */
export async function asNobody<Result>(work: () => Promise<Result>): Promise<Result> {
  const groups = process.getgroups?.() ?? [];
  process.setgroups?.([]);
  process.setegid?.(nobody);
  process.seteuid?.(nobody);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
    process.setgroups?.(groups);
  }
}
