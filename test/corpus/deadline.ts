// A deadline that does not count the time for which the whole process stands still, as on a host that sleeps.

const tick = 1_000;

/** Runs work with a signal that is aborted after so many ms. */
export async function withDeadline<Result>(
  ms: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  let left = ms;
  const timer = setInterval(() => {
    left -= tick;
    if (left <= 0) stop.abort();
  }, tick);
  try {
    return await work(stop.signal);
  } finally {
    clearInterval(timer);
  }
}
