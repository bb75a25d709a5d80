// Watches over the removal of images, so that what is known of the graph need not be found anew after each. A removal sets the
// time of the graph's directory, and would hide an addition by somebody else in the same tick of the kernel's clock. Who adds
// an image moves it out of staging, too: staging, which the removal leaves alone meanwhile, bears witness.
import { chmodSync, lstatSync, mkdirSync, rmdirSync } from "node:fs";
import { readStamp, type StagingPlace, stagingDirectory, stagingPath } from "../disk/index.js";

export interface Departure {
  /** A new directory in staging, mode 0700, for what is taken out. */
  readonly stage: string;
  /** To be called under the locks, before the known is looked at. */
  begin(): void;
  /** To be called after the last rename. */
  noteTaken(): void;
  /**
   * The stamp of the graph's directory after the removal, if it is sure that nobody has added an image by way of staging since
   * `begin`; else undefined. To be called under the lock of the references, without which no set of images is placed.
   */
  end(): string | undefined;
  /** Removes the directory, if nothing was taken out. */
  giveUp(): void;
}

/** Makes the directory. Before the locks are waited for, so that the clock has moved when they are held. */
export async function openDeparture(place: StagingPlace): Promise<Departure> {
  const stage = await stagingPath(place);
  mkdirSync(stage, { mode: 0o700 });
  const staging = stagingDirectory(place);
  const [made, stamp] = [changedAt(staging), readStamp(staging)?.text];
  let isWitness = false;
  let taken: { readonly at: bigint; readonly stamp: string } | undefined;

  /** Now, by the clock with which the kernel stamps changes. */
  function tick(): bigint {
    chmodSync(stage, 0o700);
    return changedAt(stage);
  }

  return {
    stage,
    begin() {
      isWitness = tick() > made;
    },
    noteTaken() {
      const now = readStamp(place.directory);
      taken = now === undefined ? undefined : { at: changedAt(place.directory), stamp: now.text };
    },
    end() {
      if (!isWitness || taken === undefined || tick() <= taken.at) return undefined;
      return readStamp(staging)?.text === stamp ? taken.stamp : undefined;
    },
    giveUp() {
      try {
        rmdirSync(stage);
      } catch {
        // Something lies in it: it goes when this process is gone.
      }
    },
  };
}

function changedAt(path: string): bigint {
  return lstatSync(path, { bigint: true }).ctimeNs;
}
