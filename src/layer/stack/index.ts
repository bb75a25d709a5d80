// The door of stack.
export { type Change, readChanges } from "./changes.js";
export { copyUpFrom } from "./copy-up.js";
export { copyEntries, flattenLayers } from "./flatten.js";
export { inheritDirectories } from "./inherit-directories.js";
export { isSeen } from "./layer-stack.js";
export { packUpper } from "./pack-upper.js";
export type { DeletionForm, Upper } from "./upper.js";
