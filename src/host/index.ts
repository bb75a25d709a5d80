// The programs of the host, run without a shell.
export { findInEach, findRecords } from "./find.js";
export { systemHostName } from "./host-name.js";
export { exitCodeOf, run, start, toolEnvironment } from "./run.js";
export { type Tool, tools } from "./tool.js";
export { type ToolRun, toolRuns } from "./tool-runs.js";
export { limitToolSilence } from "./tool-watchdog.js";
