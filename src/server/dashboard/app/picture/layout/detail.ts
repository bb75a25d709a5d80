// How much of an image is drawn at which zoom, and what its size, age and checksums look like.
import { defaultRecipe } from "../../../../../terms/index.js";
import type { Forest, GraphNode } from "./forest.js";

/** `bars`: a coloured bar each; `titles`: what it is called with it; `cards`: all there is to tell. */
export type Detail = "bars" | "titles" | "cards";

/** @param zoom pixels of the screen per pixel of the layout */
export function detailAt(zoom: number): Detail {
  // Twelve figures of 10 px fit into a card from here on.
  if (zoom < 0.42) return "bars";
  return zoom < 0.78 ? "titles" : "cards";
}

/** How far in and out the zoom goes. @param fit the zoom that shows the whole graph */
export function zoomLimits(fit: number): readonly [number, number] {
  return [Math.min(fit, 1) * 0.6, 2.5];
}

export type ChecksumState = "none" | "some" | "default";

/** `default`: there is one by the default recipe, which other hosts compare. */
export function checksumState({ checksums }: GraphNode): ChecksumState {
  if (checksums.includes(defaultRecipe)) return "default";
  return checksums.length > 0 ? "some" : "none";
}

/**
 * A layer's size as a part of a card's width: by its logarithm, from 1 KiB (a twelfth) to 4 GiB (all of it), because
 * layers of one graph differ by a factor of millions.
 */
export function sizeShare(layerBytes: number | null): number {
  const powers = Math.log2(Math.max(1, layerBytes ?? 0)) - 10;
  return Math.min(1, Math.max(1, (powers / 22) * 12) / 12);
}

/** A range of ages. */
export interface AgeClass {
  /** `under 1 day`, `1 day to 1 month`, … */
  readonly label: string;
  /** 0: the newest colour; 1: the oldest; -1: the age is not known. */
  readonly tone: number;
}

export interface Ages {
  readonly classes: readonly AgeClass[];
  /** By image: its class's place in `classes`. */
  readonly classOf: Uint8Array;
}

const hour = 3_600_000;
const day = 24 * hour;
const year = 365.25 * day;
/** Where classes may end, in ms. */
const steps: readonly (readonly [number, string])[] = [
  [hour, "1 hour"],
  [day, "1 day"],
  [7 * day, "1 week"],
  [30 * day, "1 month"],
  [91 * day, "3 months"],
  [182 * day, "6 months"],
  [273 * day, "9 months"],
  [year, "1 year"],
  [1.5 * year, "18 months"],
  [2 * year, "2 years"],
  [3 * year, "3 years"],
  [5 * year, "5 years"],
  [8 * year, "8 years"],
  [12 * year, "12 years"],
];

/** Sorts the ages into at most five classes of about as many images each that end at round figures. @param now ms */
export function agesOf({ created }: Forest, now: number): Ages {
  const ages = created.map((time) => now - time);
  const known = ages.filter((age) => !Number.isNaN(age)).sort();
  const ends: number[] = [];
  for (const share of [0.2, 0.4, 0.6, 0.8]) {
    const wanted = known[Math.floor(share * known.length)] ?? 0;
    const step = steps.findIndex(([end]) => end > wanted);
    const isUseful = step !== -1 && (known.at(-1) ?? 0) >= (steps[step]?.[0] ?? 0);
    if (isUseful && !ends.includes(step)) ends.push(step);
  }
  const classes: AgeClass[] = [];
  for (let place = 0; place <= ends.length && known.length > 0; place++) {
    const from = steps[ends[place - 1] ?? -1]?.[1];
    const to = steps[ends[place] ?? -1]?.[1];
    const label =
      from === undefined
        ? to === undefined
          ? ageInWords(known[0] ?? 0)
          : `under ${to}`
        : `${from}${to === undefined ? " and more" : ` to ${to}`}`;
    classes.push({ label, tone: ends.length === 0 ? 0 : place / ends.length });
  }
  const unknown = classes.length;
  if (known.length < ages.length) classes.push({ label: "not known", tone: -1 });
  const classOf = Uint8Array.from(ages, (age) => {
    if (Number.isNaN(age)) return unknown;
    const place = ends.findIndex((step) => age < (steps[step]?.[0] ?? 0));
    return place === -1 ? ends.length : place;
  });
  return { classes, classOf };
}

/** `3 days`, `11 years`: one figure. @param age ms */
export function ageInWords(age: number): string {
  const units: readonly (readonly [number, string])[] = [
    [year, "year"],
    [30.4375 * day, "month"],
    [7 * day, "week"],
    [day, "day"],
    [hour, "hour"],
    [60_000, "minute"],
  ];
  for (const [length, name] of units) {
    const count = Math.floor(age / length);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return "just now";
}
