// The door of operate.
export { type OperateFilter, type Operations, openOperations } from "./operations.js";
export type { Refusal } from "./refusal.js";
