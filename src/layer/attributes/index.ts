// The door of attributes: what an archive promises of its entries, held against what is on the disk.
export { assertKept, findRefusedStat } from "./assert-kept.js";
export { attributeNames, type ProbedAttribute, probeAttributes } from "./probe.js";
export { createPromises, type Promises } from "./promises.js";
