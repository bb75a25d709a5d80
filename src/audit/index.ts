// The audit of a graph: every kind of damage, found and, if asked, repaired.
export { auditGraph } from "./audit.js";
export type { Finding } from "./finding.js";
export { findFaults, readRawRecord } from "./image-fault.js";
export { type DamageKind, damageKinds } from "./kinds.js";
