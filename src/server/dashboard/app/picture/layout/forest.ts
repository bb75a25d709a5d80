// The images as a forest: who is whose child, in an order that stays when images are added.

/** A node of `GET /api/v1/graph`. */
export interface GraphNode {
  readonly id: string;
  readonly parent: string | null;
  /** RFC 3339, as the record has it. */
  readonly created: string | null;
  readonly comment: string | null;
  readonly author?: string | null;
  readonly names?: readonly string[];
  /** null: never measured. */
  readonly layerBytes: number | null;
  /** The recipes that a checksum is stored for. */
  readonly checksums: readonly string[];
  /** How many mounts stand on it. */
  readonly mounts: number;
  /** Why it cannot be loaded, as a code. */
  readonly broken?: string | undefined;
}

/** Images by their place in `nodes`; -1 is none. */
export interface Forest {
  readonly nodes: readonly GraphNode[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** -1 for a root: an image without a parent, with one that is not there, or where a cycle is cut. */
  readonly parent: Int32Array;
  /** Each one's children, the heavier first. */
  readonly children: readonly Int32Array[];
  /** The heavier first, as children are. */
  readonly roots: Int32Array;
  /** How many images its tree has below it, itself included. */
  readonly weight: Int32Array;
  /** All images, parents before their children. */
  readonly order: Int32Array;
  /** When each was created, in ms since 1970; NaN if that is not known. */
  readonly created: Float64Array;
  /** Roots that name a parent: what became of it. */
  readonly orphans: ReadonlyMap<number, "missing" | "cycle">;
}

const none = new Int32Array(0);

/**
 * Orders the images. Siblings stand by weight class (the power of two below it), in that by age, in that by id: an
 * image that is added moves nobody but itself and those ancestors that it lifts into the next class.
 * Of two nodes with one id the first counts. Takes no recursion: a history may have any length.
 */
export function plantForest(given: readonly GraphNode[]): Forest {
  const indexOf = new Map<string, number>();
  const nodes: GraphNode[] = [];
  for (const node of given) {
    if (indexOf.has(node.id)) continue;
    indexOf.set(node.id, nodes.length);
    nodes.push(node);
  }
  const created = Float64Array.from(nodes, (node) => timeOf(node.created));
  const byAge = Int32Array.from(nodes.keys()).sort(
    (a, b) => compareTimes(created[a] ?? 0, created[b] ?? 0) || compareIds(nodes[a], nodes[b]),
  );
  const orphans = new Map<number, "missing" | "cycle">();
  const parent = Int32Array.from(nodes, (node, index) => {
    if (node.parent === null) return -1;
    const found = indexOf.get(node.parent);
    if (found === undefined) orphans.set(index, "missing");
    return found ?? -1;
  });
  for (const index of cycleCuts(parent, byAge)) {
    parent[index] = -1;
    orphans.set(index, "cycle");
  }

  const lists: number[][] = [];
  const rootList: number[] = [];
  for (const index of byAge) {
    const above = parent[index] ?? -1;
    if (above === -1) rootList.push(index);
    else {
      const siblings = lists[above];
      if (siblings === undefined) lists[above] = [index];
      else siblings.push(index);
    }
  }
  const order = parentsFirst(rootList, lists, nodes.length);
  const weight = new Int32Array(nodes.length).fill(1);
  for (let at = order.length - 1; at >= 0; at--) {
    const index = order[at] ?? 0;
    const above = parent[index] ?? -1;
    if (above !== -1) weight[above] = (weight[above] ?? 0) + (weight[index] ?? 0);
  }
  const heavierFirst = (list: number[]) =>
    // 32 - clz32 is the number of bits. The sort is stable: within a class the order of age stays.
    Int32Array.from(list.sort((a, b) => Math.clz32(weight[a] ?? 0) - Math.clz32(weight[b] ?? 0)));
  const children = nodes.map((_, index) => {
    const list = lists[index];
    return list === undefined ? none : heavierFirst(list);
  });
  return { nodes, indexOf, parent, children, roots: heavierFirst(rootList), weight, order, created, orphans };
}

/** The image and those above it, child first. */
export function historyOf(forest: Forest, index: number): number[] {
  const history: number[] = [];
  for (let at = index; at !== -1; at = forest.parent[at] ?? -1) history.push(at);
  return history;
}

/** Where each cycle of parents is cut: at its oldest image. */
function cycleCuts(parent: Int32Array, byAge: Int32Array): number[] {
  const cuts: number[] = [];
  /** 0: not seen; else the walk that came by. */
  const seen = new Int32Array(parent.length);
  const isOnCycle = new Uint8Array(parent.length);
  let walk = 0;
  for (let start = 0; start < parent.length; start++) {
    walk++;
    let at = start;
    while (at !== -1 && seen[at] === 0) {
      seen[at] = walk;
      at = parent[at] ?? -1;
    }
    if (at === -1 || seen[at] !== walk) continue;
    while (isOnCycle[at] === 0) {
      isOnCycle[at] = 1;
      at = parent[at] ?? -1;
    }
  }
  for (const index of byAge) {
    if (isOnCycle[index] === 0) continue;
    cuts.push(index);
    for (let at = index; isOnCycle[at] === 1; at = parent[at] ?? -1) isOnCycle[at] = 0;
  }
  return cuts;
}

function parentsFirst(
  roots: readonly number[],
  lists: readonly (readonly number[])[],
  count: number,
): Int32Array {
  const order = new Int32Array(count);
  let end = 0;
  for (const root of roots) order[end++] = root;
  for (let at = 0; at < end; at++) {
    for (const child of lists[order[at] ?? 0] ?? []) order[end++] = child;
  }
  return order;
}

/** Go writes a time that was never set as the year 1. */
function timeOf(created: string | null): number {
  const time = created === null ? Number.NaN : Date.parse(created);
  return time > Date.UTC(1970, 0) ? time : Number.NaN;
}

/** The older first; those without a time last. */
function compareTimes(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  return Number.isNaN(b) ? -1 : a - b;
}

function compareIds(a: GraphNode | undefined, b: GraphNode | undefined): number {
  return (a?.id ?? "") < (b?.id ?? "") ? -1 : 1;
}
