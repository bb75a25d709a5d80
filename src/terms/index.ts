// The words that the contract and the domain share. Imports nothing.
export { invalidCallbackUrl, isCallbackUrl, type NotifyEvent, notifyEvents } from "./callbacks.js";
export {
  type ChangeKind,
  changeKinds,
  type DifferenceKind,
  differenceKinds,
} from "./differences.js";
export {
  cancelled,
  errnoMessage,
  type Failure,
  failureOf,
  isErrno,
  JobError,
  StevedoreError,
  throwIfAborted,
} from "./error.js";
export {
  type ErrorCode,
  type ErrorCodeFacts,
  errorCodes,
  errorCodeTable,
  isErrorCode,
  isTransient,
  statusOf,
} from "./error-codes.js";
export { formatBytes, formatSeconds } from "./figures.js";
export {
  type Compression,
  compressions,
  type ImageFormat,
  imageFormats,
  type LayerCompression,
  type LayerState,
  layerCompressions,
  layerStates,
  manifestFormats,
  pushCompressions,
  type SkipReason,
  type SourceFormat,
  skipReasons,
  sourceFormats,
} from "./formats.js";
export {
  defaultGraphName,
  graphNamePattern,
  hostNamePattern,
  invalidGraphName,
  invalidHostName,
  nameRule,
} from "./graph-and-host-names.js";
export { assertId, imageIdPattern, invalidId, isId, shortId } from "./image-id.js";
export {
  defaultTag,
  formatImageName,
  type ImageName,
  imageNamePattern,
  imageReferencePattern,
  invalidName,
  invalidReference,
  isImageName,
  parseImageName,
} from "./image-name.js";
export { largestPriority, longestDelayMs } from "./job-limits.js";
export { type MountDriverName, mountDriverNames } from "./mount-drivers.js";
export { onOneLine, quote } from "./quote.js";
export {
  assertRecipe,
  type BsdtarRecipe,
  defaultRecipe,
  dockerRecipe,
  isRecipe,
  isXzRecipe,
  largestThreadMemory,
  noXzRecipe,
  type RecipeName,
  recipeNames,
  recipes,
  unknownRecipe,
  type XzRecipe,
  type XzRecipeName,
  xzRecipeNames,
} from "./recipes.js";
export {
  dockerConfigKey,
  familiarName,
  formatRegistryReference,
  invalidRegistryReference,
  isRegistryReference,
  parseRegistryReference,
  type RegistryReference,
  registryReferencePattern,
} from "./registry-reference.js";
export { durationRule, momentRule, readDuration, readMoment } from "./times.js";
