// Merges pages in Prometheus's text format that have the same metrics: HELP and TYPE may come once only.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

/** Joins pages whose samples differ in their labels. A metric's HELP and TYPE are those of the first page that has it. */
export function mergeExpositions(pages: readonly string[]): string {
  const metrics = new Map<string, { readonly head: string[]; readonly samples: string[] }>();
  const of = (name: string) => {
    const known = metrics.get(name) ?? { head: [], samples: [] };
    metrics.set(name, known);
    return known;
  };
  for (const page of pages) {
    /** The metrics that an earlier page has described. */
    const described = new Set(metrics.keys());
    let metric: ReturnType<typeof of> | undefined;
    for (const line of page.split("\n")) {
      const [, name] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? [];
      if (name !== undefined) {
        metric = of(name);
        if (!described.has(name)) metric.head.push(line);
      } else if (line !== "") metric?.samples.push(line);
    }
  }
  return [...metrics.values()].flatMap(({ head, samples }) => [...head, ...samples, ""]).join("\n");
}

/**
 * A queue's page of BullMQ's, which counts jobs that were cancelled among those that failed, with their own count. The
 * gauge `bullmq_job_count` becomes `bullmq_jobs`: only a histogram's or a summary's names end with `_count` (OpenMetrics).
 */
export function withCancelled(page: string, cancelled: number): string {
  return page
    .replaceAll("bullmq_job_count", "bullmq_jobs")
    .replace(
      /^(bullmq_jobs\{.*state=")failed(".*\}) (\d+)$/m,
      (_, before: string, after: string, failed: string) =>
        `${before}failed${after} ${Math.max(0, Number(failed) - cancelled)}\n${before}cancelled${after} ${cancelled}`,
    );
}
