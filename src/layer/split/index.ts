// The door of tar-split: what a layer's archive holds besides the content of its files, so that it can be written again.
export { assembleArchive, type SplitLayer } from "./assemble.js";
export { beginsAsSplit } from "./read-split.js";
export { type ArchiveSplit, beginSplit } from "./write-split.js";
