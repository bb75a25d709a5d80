// A graph looked over for every way it can be damaged.
export { type AuditOptions, auditGraph } from "./audit.js";
export type { Finding } from "./finding.js";
export { type DamageKind, damageKinds } from "./kinds.js";
