// Garbage: images that nothing needs any more, found and deleted.
export { type Collected, collectGarbage, type GarbageOptions, type RemovedImage } from "./collect.js";
