// Which images are garbage: each head that nothing needs, then its parent if that has become such a head.
import type { Survey } from "./survey.js";

export interface Policy {
  /** How many of the newest heads that nothing needs are kept. */
  readonly keep: number;
  /** Whether what arrived then, in ms since the epoch, may go. */
  readonly isOldEnough: (arrivedAt: number) => boolean;
}

/** How many images stay for each reason. An image is counted once, by the first reason that applies. */
export interface KeptImages {
  /** They cannot be loaded: for `stevedore check`. */
  readonly broken: number;
  /** Something that stays has them as its parent. */
  readonly children: number;
  readonly names: number;
  readonly mounts: number;
  /** An import makes or relies on them. */
  readonly imports: number;
  /** They are among the newest. */
  readonly newest: number;
  /** They are too young. */
  readonly young: number;
}

interface Plan {
  /** What is to be deleted, children before their parents. */
  readonly garbage: readonly string[];
  readonly kept: KeptImages;
}

type Reason = keyof KeptImages;

/** Takes one look at each image, and as many steps as there is garbage. */
export function planCollection(survey: Survey, { keep, isOldEnough }: Policy): Plan {
  const childCounts = new Map<string, number>();
  for (const parent of survey.parents.values()) {
    if (parent !== null) childCounts.set(parent, (childCounts.get(parent) ?? 0) + 1);
  }
  const heads = [...survey.parents.keys()].filter((id) => !childCounts.has(id));
  const newest = keep === 0 ? new Set<string>() : newestOf(survey, heads, keep);
  const garbage: string[] = [];
  const kept = { broken: 0, children: 0, names: 0, mounts: 0, imports: 0, newest: 0, young: 0 };
  const count = (reason: Reason | undefined) => {
    if (reason !== undefined) kept[reason] += 1;
    return reason === undefined;
  };
  const isGarbage = (id: string) => {
    const reason = reasonToKeep(survey, id) ?? (newest.has(id) ? "newest" : undefined);
    return count(reason ?? (isOldEnough(survey.arrivedAt(id)) ? undefined : "young"));
  };
  for (const head of heads) {
    for (let id: string | null = head; id !== null && isGarbage(id); ) {
      garbage.push(id);
      const parent: string | null = survey.parents.get(id) ?? null;
      const left: number = parent === null ? 0 : (childCounts.get(parent) ?? 0) - 1;
      if (parent !== null) childCounts.set(parent, left);
      // The next child of a parent with several goes on with it.
      id = left === 0 && parent !== null && survey.parents.has(parent) ? parent : null;
    }
  }
  for (const [id, children] of childCounts) {
    if (children > 0 && survey.parents.has(id)) count(survey.broken.has(id) ? "broken" : "children");
  }
  return { garbage, kept };
}

/** What keeps an image besides its children; undefined for one that nothing needs. */
function reasonToKeep({ broken, named, mounted, held }: Survey, id: string): Reason | undefined {
  if (broken.has(id)) return "broken";
  if (named.has(id)) return "names";
  if (mounted.has(id)) return "mounts";
  return held.has(id) ? "imports" : undefined;
}

/** The last that arrived of the heads that nothing needs; of those of one time, the last by id. */
function newestOf(survey: Survey, heads: readonly string[], count: number): Set<string> {
  const arrivals = heads
    .filter((id) => reasonToKeep(survey, id) === undefined)
    .map((id) => ({ id, at: survey.arrivedAt(id) }))
    .sort((one, other) => other.at - one.at || (one.id < other.id ? 1 : -1));
  return new Set(arrivals.slice(0, count).map(({ id }) => id));
}
