// What a run of the benchmarks says against an earlier one.
import { describe, expect, it } from "vitest";
import { compareRows } from "../../bench/comparison.js";
import type { Row } from "../../bench/row.js";

const row = (over: Partial<Row>): Row => ({
  ...{ what: "checksum", against: "the shell line", on: "60 MiB" },
  ...{ ours: 1, peer: 1, unit: "ms", value: 1, target: null },
  ...over,
});
const verdictsOf = (before: readonly Row[], now: readonly Row[]) =>
  compareRows(before, now, 0.1).map(({ verdict }) => verdict);

describe("a row of an earlier run", () => {
  it.each([
    ["takes longer", {}, 1, 1.2, "worse"],
    ["takes less long", {}, 1, 0.8, "better"],
    ["takes as long but for chance", {}, 1, 1.09, "same"],
    ["stays", {}, 0, 0, "same"],
    ["was below 0, as a difference may be", { unit: "ms" }, -1, 5, "worse"],
    ["is below 0 now", { unit: "ms" }, 5, -1, "better"],
    ["has less of what its target wants", { target: { atLeast: 0.5 } }, 1, 0.8, "worse"],
    ["has more of what its target wants", { target: { atLeast: 0.5 } }, 0.8, 1, "better"],
    ["does less in a second", { unit: "MiB/s" }, 10, 8, "worse"],
    ["does more in a second", { unit: "jobs/s" }, 8, 10, "better"],
    ["misses a target that it met", { target: { atMost: 1 } }, 0.9, 1.2, "target lost"],
    ["misses a target that it missed", { target: { atMost: 1 } }, 1.1, 1.5, "worse"],
    ["misses a target by chance", { target: { atMost: 1 } }, 0.98, 1.02, "same"],
  ] as const)("%s", (_, over, before, now, verdict) => {
    expect(verdictsOf([row({ ...over, value: before })], [row({ ...over, value: now })])).toEqual([verdict]);
  });

  it("is found by what is measured against what, and in its order where there are several", () => {
    const rows = [row({ on: "10 images", value: 1 }), row({ on: "100 images", value: 9 })];
    expect(
      verdictsOf(rows, [row({ on: "11 images", value: 1 }), row({ on: "99 images", value: 12 })]),
    ).toEqual([...["same", "worse"]]);
    expect(verdictsOf(rows, [])).toEqual(["gone", "gone"]);
    expect(verdictsOf([], rows)).toEqual(["new", "new"]);
    expect(verdictsOf([row({ against: "-" })], [row({})])).toEqual(["new", "gone"]);
  });
});
