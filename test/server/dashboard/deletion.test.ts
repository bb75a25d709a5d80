import { describe, expect, it } from "vitest";
import { planDeletion } from "../../../src/server/dashboard/app/pages/images/deletion-plan.js";

const row = (id: string, parent: string | null, childCount: number, code?: string) => ({
  ...{ id, parent, childCount, names: [] },
  ...(code !== undefined && { broken: { code, message: "" } }),
});
const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id).sort();

describe("which images can be deleted, and when", () => {
  it.each([
    ["nothing", [], [], []],
    ["a leaf", [row("a", "p", 0)], [["a"]], []],
    ["a parent of another", [row("a", null, 1)], [], ["a"]],
    ["a chain", [row("a", null, 1), row("c", "b", 0), row("b", "a", 1)], [["c"], ["b"], ["a"]], []],
    [
      "a chain that another builds on",
      [row("a", null, 2), row("b", "a", 1), row("c", "b", 0)],
      [["c"], ["b"]],
      ["a"],
    ],
    [
      "a chain that is held in its middle",
      [row("a", null, 1), row("b", "a", 2), row("c", "b", 0)],
      [["c"]],
      ["a", "b"],
    ],
    [
      "a tree",
      [row("a", null, 2), row("b", "a", 0), row("c", "a", 1), row("d", "c", 0)],
      [["b", "d"], ["c"], ["a"]],
      [],
    ],
    ["its own ancestor", [row("a", "b", 1), row("b", "a", 1)], [], ["a", "b"]],
    ["a stray entry", [row("not an id", null, 0, "INVALID_ID")], [], ["not an id"]],
    ["a broken image", [row("a", null, 0, "IMAGE_BROKEN")], [["a"]], []],
  ] as const)("%s", (_, chosen, waves, kept) => {
    const plan = planDeletion(chosen);
    expect(plan.waves.map(idsOf)).toEqual(waves);
    expect(idsOf(plan.kept)).toEqual(kept);
  });
});
