// The driver copy: no mount at all, the layers written out into the target. Works everywhere, costs the disk.
import { flattenLayers } from "../../layer/index.js";
import type { Driver } from "./driver.js";

export const copy: Driver = {
  name: "copy",
  takesViews: false,
  deletions: undefined,
  mostLayers: Number.POSITIVE_INFINITY,
  obstacle: async () => undefined,
  mount: ({ layers, target }, signal) => flattenLayers(layers, target, signal),
};
