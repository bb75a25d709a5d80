// What is inside an image: the files of its layers, what each layer does, two images compared, and what is wasted.
export { type Diff, type DiffEntry, diffImages } from "./diff.js";
export { type Entry, entryAt, type ListQuery, listEntries, listPage } from "./entries.js";
export { type ImageContents, layerAt, type OpenContents, openContents } from "./image-contents.js";
export { type OpenedFile, openFile } from "./open-file.js";
export { readSpelling, spell, spellPath } from "./path-spelling.js";
export { reckonWaste, type Waste } from "./waste.js";
