// How far jobs may be put off.

/** BullMQ's largest priority: of the jobs that have one, the lower goes first. */
export const largestPriority = 2_097_151;
/** A year, in ms. What is to come later, or again, is a matter of schedules. */
export const longestDelayMs = 365 * 24 * 3_600_000;
