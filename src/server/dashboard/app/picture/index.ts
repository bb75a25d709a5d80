// The graph as a picture.
export type { GraphNode } from "./layout/index.js";
export { readLink, writeLink } from "./link.js";
export { openPicture, type Picture } from "./picture.js";
