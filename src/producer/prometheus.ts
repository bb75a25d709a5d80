// Several pages of Prometheus's text format as one: each of them tells of the same metrics, another page may tell so once.
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
    /** What is said of metrics that an earlier page has not named. */
    const told = new Set(metrics.keys());
    let metric: ReturnType<typeof of> | undefined;
    for (const line of page.split("\n")) {
      const [, name] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? [];
      if (name !== undefined) {
        metric = of(name);
        if (!told.has(name)) metric.head.push(line);
      } else if (line !== "") metric?.samples.push(line);
    }
  }
  return [...metrics.values()].flatMap(({ head, samples }) => [...head, ...samples, ""]).join("\n");
}
