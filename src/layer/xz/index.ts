// The door of xz.
export { chooseXzEngine, type XzEngine, type XzSettings } from "./engine.js";
export { checkKnownAnswer } from "./known-answer.js";
export { decompressXzNatively } from "./native-decoder.js";
