// The lives that are led side by side. A seed repeats them: which begin, and the order of all their jobs.
import type { Outcome, Step } from "./conductor.js";
import { batchLife, type Life, singleLife, uploadLife } from "./image-lives.js";
import { mountLife } from "./mount-life.js";
import { cancelledChecksumsLife, cancelledStoresLife, refusedLife } from "./other-lives.js";
import type { Supplies } from "./plan.js";
import type { Random } from "./random.js";
import { travelLife } from "./travel-life.js";

/** How many lives are led at a time: enough that no queue of the worker's is idle for long. */
const crowdSize = 32;

type BeginLife = (supplies: Supplies) => Life;

/** How often each kind begins, of a hundred. */
const mixture: readonly (readonly [share: number, begin: BeginLife])[] = [
  [40, singleLife],
  [18, mountLife],
  [20, refusedLife],
  [6, batchLife],
  [8, uploadLife],
  [4, travelLife],
  [2, cancelledStoresLife],
  [2, cancelledChecksumsLife],
];

export interface Crowd {
  /** The present step of each life; new lives begin if there are to be more. Empty once all have ended. */
  steps(isMore: boolean): readonly Step[];
  /** @param outcomes those of these steps, in their order; undefined ends a life that went wrong */
  goOn(outcomes: readonly (readonly Outcome[] | undefined)[]): void;
}

/** Gathers a crowd whose first lives are one of each kind. */
export function gatherCrowd(supplies: Supplies): Crowd {
  const first = mixture.map(([, begin]) => begin);
  let crowd: { readonly life: Life; readonly step: Step }[] = [];
  return {
    steps(isMore) {
      while (isMore && crowd.length < crowdSize) {
        const begin = first.shift() ?? chooseLife(supplies.random);
        crowd.push(...led(begin(supplies), []));
      }
      return crowd.map(({ step }) => step);
    },
    goOn(outcomes) {
      crowd = crowd.flatMap(({ life }, n) => {
        const ofLife = outcomes[n];
        return ofLife === undefined ? [] : led(life, ofLife);
      });
    },
  };
}

/** A life with its next step, if there is one. */
function led(life: Life, outcomes: readonly Outcome[]): { life: Life; step: Step }[] {
  const next = life.next(outcomes);
  return next.done ? [] : [{ life, step: next.value }];
}

function chooseLife(random: Random): BeginLife {
  let left = random.next() * 100;
  const chosen = mixture.find(([share]) => {
    left -= share;
    return left < 0;
  });
  return chosen?.[1] ?? singleLife;
}
