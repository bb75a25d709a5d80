// Which images lie in a rectangle or under a point: by a list of the cards from top to bottom.
import { card, type Group, type Layout } from "./layout.js";

/** In the layout's lengths. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Places {
  /** Calls back with each image whose card touches the box, from top to bottom. */
  within(box: Box, visit: (index: number) => void): void;
  /** The image whose card holds the point or is the nearest within `reach` of it; -1 if there is none. */
  at(x: number, y: number, reach?: number): number;
}

export function indexPlaces({ x, y }: Layout): Places {
  const sorted = Int32Array.from(y.keys()).sort(
    (a, b) => (y[a] ?? 0) - (y[b] ?? 0) || (x[a] ?? 0) - (x[b] ?? 0),
  );
  const tops = Float64Array.from(sorted, (index) => y[index] ?? 0);

  function within({ left, top, right, bottom }: Box, visit: (index: number) => void): void {
    for (let at = firstFrom(tops, top - card.h); at < sorted.length; at++) {
      if ((tops[at] ?? 0) > bottom) return;
      const index = sorted[at] ?? 0;
      const cardLeft = x[index] ?? 0;
      if (cardLeft <= right && cardLeft + card.w >= left) visit(index);
    }
  }

  return {
    within,
    at(pointX, pointY, reach = 0) {
      let found = -1;
      let least = reach;
      const box = {
        left: pointX - reach,
        right: pointX + reach,
        top: pointY - reach,
        bottom: pointY + reach,
      };
      within(box, (index) => {
        const distance = distanceTo(x[index] ?? 0, y[index] ?? 0, pointX, pointY);
        if (distance > least || (found !== -1 && distance === least)) return;
        least = distance;
        found = index;
      });
      return found;
    },
  };
}

/** The frame that holds the point. */
export function groupAt({ groups }: Layout, x: number, y: number): Group | undefined {
  return groups.find(
    (group) => x >= group.x && x <= group.x + group.w && y >= group.y && y <= group.y + group.h,
  );
}

/** From a point to the card with this left upper corner; 0 within it. */
function distanceTo(left: number, top: number, x: number, y: number): number {
  return Math.hypot(Math.max(left - x, 0, x - left - card.w), Math.max(top - y, 0, y - top - card.h));
}

/** The place of the first value that is not below `least`. */
function firstFrom(sorted: Float64Array, least: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] ?? 0) < least) from = middle + 1;
    else to = middle;
  }
  return from;
}
