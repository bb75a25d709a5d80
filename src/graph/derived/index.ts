// The images that an import makes: their ids and records follow from what they are.
export {
  configImageId,
  configImageRecord,
  fillEmptyLayer,
  type ImageDocuments,
  isConfigImage,
  manifestIsOf,
  readConfig,
  readManifest,
  withContent,
} from "./config-image.js";
export { layerImageId, layerImageRecord } from "./layer-image.js";
