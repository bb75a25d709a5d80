// How far the layers of an image are that is pulled or pushed, as a job's progress tells of it.
import type { LayerProgress } from "../../interchange/index.js";
import { listedLayers, type Progress } from "../../jobs/index.js";

/** Of more layers than a progress lists, those that have not ended come first; the order stays. */
export function listLayers(layers: readonly LayerProgress[]): NonNullable<Progress["layers"]> {
  let surplus = layers.length - listedLayers;
  const listed = layers.filter((layer) => surplus <= 0 || !hasEnded(layer) || surplus-- <= 0);
  return listed
    .slice(0, listedLayers)
    .map(({ digest, done, total, state }) => ({ digest, done, total, state }));
}

function hasEnded({ state }: LayerProgress): boolean {
  return state === "done" || state === "present" || state === "mounted";
}
