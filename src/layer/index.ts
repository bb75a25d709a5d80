// A layer's bytes: in (unpack an untrusted archive) and out (pack, compress, hash by a recipe).

export { archiveLayer } from "./archive.js";
export { type CheckedTar, canonicalTar, checkTar, packCanonicalTar } from "./canonical-tar.js";
export { type Change, type ChangeKind, readChanges } from "./changes.js";
export { type ChecksumRequest, checksumLayer, digestLayer, type LayerChecksum } from "./checksum.js";
export {
  type Comparison,
  type Difference,
  type DifferenceKind,
  differenceKinds,
} from "./compare-manifest.js";
export type { Compression } from "./compression.js";
export { copyEntries, flattenLayers } from "./flatten.js";
export { inheritDirectories } from "./inherit-directories.js";
export { checkKnownAnswer } from "./known-answer.js";
export { packUpper } from "./pack-upper.js";
export { assertRecipe, defaultRecipe, isRecipe, type RecipeName, recipeNames } from "./recipe.js";
export { shellLine } from "./shell-line.js";
export { type Unpacked, type UnpackLimits, unpack } from "./unpack.js";
export type { DeletionForm, Upper } from "./upper.js";
export { type Verdict, type VerifyRequest, verifyLayer } from "./verify-layer.js";
export { chooseXzEngine, type XzEngine } from "./xz-engine.js";
