// Which of the chosen images can be deleted, and in which order: an image goes once no other builds on it.
import type { ImageRow } from "../../api-types.js";

export type Deletable = Pick<ImageRow, "id" | "names" | "parent" | "childCount" | "broken">;

export interface DeletionPlan {
  /** Those that go, in waves: of each the children, if they go at all, are in a wave before. */
  readonly waves: readonly (readonly Deletable[])[];
  /** Those that stay, as others build on them that are not chosen, or stay themselves. */
  readonly kept: readonly Deletable[];
}

/** How many images go. */
export function countOf({ waves }: DeletionPlan): number {
  return waves.reduce((sum, wave) => sum + wave.length, 0);
}

export function planDeletion(chosen: readonly Deletable[]): DeletionPlan {
  const rows = new Map(chosen.map((row) => [row.id, row]));
  /** How many children of each must go before it. */
  const left = new Map(chosen.map(({ id, childCount }) => [id, childCount]));
  const waves: Deletable[][] = [];
  let wave = chosen.filter(({ childCount, broken }) => childCount === 0 && broken?.code !== "INVALID_ID");
  while (wave.length > 0) {
    waves.push(wave);
    const next: Deletable[] = [];
    for (const { id, parent } of wave) {
      rows.delete(id);
      const row = parent === null ? undefined : rows.get(parent);
      if (row === undefined) continue;
      const others = (left.get(row.id) ?? 0) - 1;
      left.set(row.id, others);
      if (others === 0) next.push(row);
    }
    wave = next;
  }
  return { waves, kept: [...rows.values()] };
}
