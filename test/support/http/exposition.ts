// A strict reader of Prometheus's text format 0.0.4, as its documentation defines it: what a scraper may refuse is refused.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Reads a page. @throws naming the line that breaks the format */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line does not end with a line feed");
  const families = new Map<string, { type?: string; help?: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let open: string | undefined;
  /** Lines of a metric must be one group: one that was left is not come back to. */
  const enter = (name: string, line: string) => {
    if (name === open) return;
    if (families.has(name)) throw new Error(`${name} is in two groups: ${line}`);
    families.set(name, { samples: [] });
    open = name;
  };
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const [, keyword, name = "", rest = ""] =
      /^#[ \t]+(HELP|TYPE)[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]+(.+)$/.exec(line) ?? [];
    if (keyword !== undefined) {
      enter(name, line);
      const family = families.get(name) as { type?: string; help?: string; samples: Sample[] };
      const key = keyword === "HELP" ? "help" : "type";
      if (family[key] !== undefined) throw new Error(`a second ${keyword}: ${line}`);
      if (family.samples.length > 0) throw new Error(`${keyword} after a sample: ${line}`);
      if (key === "type" && !/^(counter|gauge|histogram|summary|untyped)$/.test(rest)) {
        throw new Error(`no type: ${line}`);
      }
      if (key === "help" && !/^(?:[^\\]|\\[\\n])*$/.test(rest)) throw new Error(`a wrong escape: ${line}`);
      family[key] = rest;
      continue;
    }
    if (line.startsWith("#")) continue;
    const sample = parseSample(line);
    const family = familyOf(sample.name, open, families);
    if (family === undefined) throw new Error(`a sample outside its group: ${line}`);
    const identity = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(identity)) throw new Error(`a second sample of the same series: ${line}`);
    seen.add(identity);
    family.samples.push(sample);
  }
  const read = new Map<string, Family>();
  for (const [name, { type, help, samples }] of families) {
    if (type === undefined || help === undefined) throw new Error(`${name} lacks TYPE or HELP`);
    if (type === "histogram") checkHistogram(name, samples);
    if (type === "counter" && samples.some(({ value }) => value < 0)) {
      throw new Error(`the counter ${name} is below 0`);
    }
    read.set(name, { type, help, samples });
  }
  return read;
}

/** The one value of a series that has these labels, among others; undefined if there is none. */
export function valueOfSeries(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
  const found = (family?.samples ?? []).filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (found.length > 1)
    throw new Error(`${found.length} series are called ${name} ${JSON.stringify(labels)}`);
  return found[0]?.value;
}

function familyOf<F extends { type?: string }>(
  name: string,
  open: string | undefined,
  families: ReadonlyMap<string, F>,
): F | undefined {
  if (open === undefined) return undefined;
  const family = families.get(open);
  const endings = { histogram: ["_bucket", "_sum", "_count"], summary: ["", "_sum", "_count"] };
  const own = endings[family?.type as keyof typeof endings] ?? [""];
  return own.some((ending) => name === open + ending) ? family : undefined;
}

/** What Go's ParseFloat takes, but for hexadecimal and underscores. */
const number = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|[+-]?inf)$/i;

function parseSample(line: string): Sample {
  const [, name, inBraces, value = "", time] =
    /^([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+(\S+))?[ \t]*$/.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  if (!number.test(value)) throw new Error(`no value: ${line}`);
  if (time !== undefined && !/^-?\d+$/.test(time)) throw new Error(`no timestamp: ${line}`);
  const labels: Record<string, string> = {};
  const pair = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]|\\["\\n])*)"[ \t]*(?:,|$)/y;
  for (let at = 0; inBraces !== undefined && at < inBraces.length; at = pair.lastIndex) {
    pair.lastIndex = at;
    const [, label, escaped] = pair.exec(inBraces) ?? [];
    if (label === undefined || escaped === undefined) throw new Error(`no labels: ${line}`);
    if (label in labels) throw new Error(`the label ${label} twice: ${line}`);
    labels[label] = escaped.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
  }
  return { name, labels, value: Number(value.replace(/inf$/i, "Infinity")) };
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...others } = sample.labels;
    const key = JSON.stringify(Object.entries(others).sort());
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [labels, ofOne] of series) {
    const what = `the histogram ${name} ${labels}`;
    const buckets = ofOne.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels: { le } }) => Number((le ?? "none").replace("Inf", "Infinity")));
    const isRising = (values: readonly number[], isStrict: boolean) =>
      values.every(
        (value, at) =>
          at === 0 || (isStrict ? value > Number(values[at - 1]) : value >= Number(values[at - 1])),
      );
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`${what} has no last bucket`);
    if (!isRising(bounds, true)) throw new Error(`${what} has its buckets out of order`);
    if (
      !isRising(
        buckets.map(({ value }) => value),
        false,
      )
    )
      throw new Error(`${what} is not cumulative`);
    const count = ofOne.find((sample) => sample.name === `${name}_count`)?.value;
    if (count !== buckets.at(-1)?.value) throw new Error(`${what} has another count than its last bucket`);
    if (!ofOne.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${what} has no sum`);
  }
}
