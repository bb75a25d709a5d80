// The door of xz.
export { chooseXzEngine, type XzEngine, type XzSettings } from "./engine.js";
export { xzArguments, xzFlags } from "./flags.js";
export { checkKnownAnswer } from "./known-answer.js";
export { decompressXzNatively } from "./native-decoder.js";
