// Facts about the layers of images: measured once, and kept beside them.
export {
  factsPath,
  formatLayerFacts,
  knownLayerFacts,
  type LayerFacts,
  measureLayer,
  parseLayerFacts,
  readLayerFacts,
  splitPath,
} from "./layer-facts.js";
export { openMeasuredFacts } from "./measured-facts.js";
