import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeExpositions } from "../../src/producer/prometheus.js";
import { parseExposition } from "../support/http/exposition.js";

describe("mergeExpositions", () => {
  it("makes one page of several that tell of the same metrics, and loses no sample", () => {
    const metric = fc.constantFrom("a", "b_total", "c:d");
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(metric)), (pages) => {
        const texts = pages.map((names, page) =>
          names
            .flatMap((name) => [
              `# HELP ${name} Of ${page}`,
              `# TYPE ${name} gauge`,
              `${name}{page="${page}", x="#"} 1`,
            ])
            .join("\n"),
        );
        const merged = mergeExpositions(texts);
        fc.pre(merged !== "");
        const families = parseExposition(merged);
        for (const name of new Set(pages.flat())) {
          const having = pages.flatMap((names, page) => (names.includes(name) ? [`${page}`] : []));
          expect(families.get(name)?.samples.map(({ labels }) => labels.page)).toEqual(having);
          expect(families.get(name)?.help).toBe(`Of ${having[0]}`);
        }
      }),
    );
  });
});
