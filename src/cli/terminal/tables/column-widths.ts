// Shares the columns of a terminal out among the columns of a table. Pure.

/** What stands between two columns. */
export const gap = "  ";

/** What a column asks for. */
export interface Demand {
  /** How wide its widest cell is. */
  readonly width: number;
  /** The width that it is narrowed to where there is little room. */
  readonly least: number;
  /** The width that it is to have before columns of the second rank and higher ones are kept. Default: its least. */
  readonly wanted?: number | undefined;
  /** The columns of the highest ranks are left out first; one without a rank stays as long as there is any room. */
  readonly rank?: number | undefined;
}

/**
 * The widths of the columns, in their order; 0 for one that is left out. With the gaps between them they take no more
 * than `room`. What is left when each has its least goes to what is wanted, then to the narrowest first.
 */
export function columnWidths(demands: readonly Demand[], room: number): number[] {
  const least = demands.map(({ width, least }) => Math.min(width, least));
  const kept = new Set<number>();
  let used = -gap.length;
  /** What the columns that are kept want beyond their least. */
  let reserved = 0;
  const byRank = [...demands.keys()].sort((one, other) => rankOf(demands[one]) - rankOf(demands[other]));
  for (const at of byRank) {
    const more = gap.length + (least[at] ?? 0);
    const taken = used + more + (rankOf(demands[at]) > 1 ? reserved : 0);
    if (least[at] === 0 || (taken > room && kept.size > 0)) continue;
    kept.add(at);
    used += more;
    reserved += Math.max(0, Math.min(demands[at]?.width ?? 0, demands[at]?.wanted ?? 0) - (least[at] ?? 0));
  }
  const widths = demands.map((_, at) => (kept.has(at) ? Math.min(least[at] ?? 0, room) : 0));
  const columns = [...kept];
  let spare = Math.max(0, room - used);
  spare = raise(widths, columns, (at) => Math.min(demands[at]?.width ?? 0, demands[at]?.wanted ?? 0), spare);
  raise(widths, columns, (at) => demands[at]?.width ?? 0, spare);
  return widths;
}

/** Raises widths evenly, the narrowest first, up to a limit for each. @returns what is left of the columns to spare */
function raise(
  widths: number[],
  columns: readonly number[],
  limitOf: (at: number) => number,
  columnsToSpare: number,
): number {
  let spare = columnsToSpare;
  const widthOf = (at: number) => widths[at] ?? 0;
  for (;;) {
    const open = columns.filter((at) => widthOf(at) < limitOf(at));
    if (open.length === 0 || spare === 0) return spare;
    const narrowest = Math.min(...open.map(widthOf));
    const lowest = open.filter((at) => widthOf(at) === narrowest);
    const others = open.map(widthOf).filter((width) => width > narrowest);
    const level = Math.min(...lowest.map(limitOf), ...others);
    const share = Math.min(level - narrowest, Math.floor(spare / lowest.length));
    // Less than a column for each of them: it goes to the first ones.
    const raised = share === 0 ? lowest.slice(0, spare) : lowest;
    for (const at of raised) widths[at] = narrowest + Math.max(share, 1);
    spare -= raised.length * Math.max(share, 1);
  }
}

function rankOf(demand: Demand | undefined): number {
  return demand?.rank ?? Number.NEGATIVE_INFINITY;
}
