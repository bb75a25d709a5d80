// The graph as a picture.
export type { GraphNode } from "./layout/index.js";
export { openPicture } from "./picture.js";
