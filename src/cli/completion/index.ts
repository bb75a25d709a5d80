// The door of completion: what a shell completes a command line with.
export { complete } from "./complete.js";
export { argumentKind, type Kind } from "./kinds.js";
