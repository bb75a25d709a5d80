// The door of xz.
export { type BlockInput, readXzBlock, type XzBlock, type XzSettings } from "./block.js";
export { canCheckXzBlocks, checkXzBlock } from "./check-block.js";
export { type BlockCompressor, compressXz, engineCompressor } from "./compress.js";
export { chooseXzEngine, type XzEngine } from "./engine.js";
export { xzFlags } from "./flags.js";
export { checkKnownAnswer } from "./known-answer.js";
export { decompressXzNatively } from "./native-decoder.js";
