// The door of terminal.
export {
  bytesWidth,
  formatBytes,
  formatJson,
  formatRow,
  formatTable,
  formatText,
  formatTime,
  pausedLines,
} from "./format.js";
export { gatherLines } from "./gathered-lines.js";
export { jobRow, jobsHeader } from "./job-row.js";
export type { TalliedJob } from "./job-tally.js";
export { jobLines } from "./job-view.js";
export { isTerminal } from "./live-display.js";
export { type Output, openOutput } from "./output.js";
export { startProgress } from "./progress.js";
export type { QueueWatch } from "./queue-watch.js";
export { showQueues } from "./show-queues.js";
export { stepColumns } from "./step-row.js";
export { checksumWidth, namesCell, namesWidth, summaryColumns } from "./summary-row.js";
export { writeChanges } from "./write-changes.js";
