// Shares the columns of a terminal out among the columns of a table. Pure.

/** What stands between two columns. */
export const gap = "  ";

/** What a column asks for. */
export interface Demand {
  /** How wide its widest cell is. */
  readonly width: number;
  /** The width that it is narrowed to where there is little room. */
  readonly least: number;
  /** The columns of the highest ranks are left out first; one without a rank stays as long as there is any room. */
  readonly rank?: number | undefined;
}

/**
 * The widths of the columns, in their order; 0 for one that is left out. With the gaps between them they take no more
 * than `room`. What is left when each has its least goes to the narrowest first.
 */
export function columnWidths(demands: readonly Demand[], room: number): number[] {
  const least = demands.map(({ width, least }) => Math.min(width, least));
  const kept = new Set<number>();
  let used = -gap.length;
  const byRank = [...demands.keys()].sort((one, other) => rankOf(demands[one]) - rankOf(demands[other]));
  for (const at of byRank) {
    const more = gap.length + (least[at] ?? 0);
    if (least[at] === 0 || (used + more > room && kept.size > 0)) continue;
    kept.add(at);
    used += more;
  }
  const widths = demands.map((_, at) => (kept.has(at) ? Math.min(least[at] ?? 0, room) : 0));
  let spare = Math.max(0, room - used);
  const wants = (at: number) => (demands[at]?.width ?? 0) - (widths[at] ?? 0);
  for (let open = [...kept].filter((at) => wants(at) > 0); open.length > 0 && spare > 0; ) {
    const narrowest = Math.min(...open.map((at) => widths[at] ?? 0));
    const lowest = open.filter((at) => widths[at] === narrowest);
    const level = Math.min(
      ...lowest.map((at) => demands[at]?.width ?? 0),
      ...open.map((at) => widths[at] ?? 0).filter((width) => width > narrowest),
    );
    const share = Math.min(level - narrowest, Math.floor(spare / lowest.length));
    // Less than a column for each of them: it goes to the first ones.
    for (const at of share === 0 ? lowest.slice(0, spare) : lowest) {
      widths[at] = narrowest + Math.max(share, 1);
      spare -= Math.max(share, 1);
    }
    open = open.filter((at) => wants(at) > 0);
  }
  return widths;
}

function rankOf(demand: Demand | undefined): number {
  return demand?.rank ?? Number.NEGATIVE_INFINITY;
}
