// Checksums by blocks: compressors on other hosts, resumption, and what a small layer waits for.
export { measureBehind } from "./behind.js";
export { measureHosts } from "./hosts.js";
export { measureBlocksMemory } from "./memory.js";
export { measureResume } from "./resume.js";
export { measureSlots } from "./slots.js";
