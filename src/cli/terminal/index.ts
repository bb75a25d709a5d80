// The door of terminal.
export {
  formatBytes,
  formatJson,
  formatText,
  formatTime,
  pausedLines,
} from "./format.js";
export { gatherLines } from "./gathered-lines.js";
export type { TalliedJob } from "./job-tally.js";
export { jobLines } from "./job-view.js";
export { isTerminal, openLiveDisplay } from "./live-display.js";
export { type Output, openOutput, type ShowItem } from "./output.js";
export { startProgress } from "./progress.js";
export type { QueueWatch } from "./queue-watch.js";
export { showQueues } from "./show-queues.js";
export { type ColorChoice, colorChoices, type Paint, paintFor, roomOf } from "./surface.js";
export {
  drawnLevels,
  imagesOf,
  isUnbegun,
  type JobSurroundings,
  jobTableLines,
  type ListView,
  mountLines,
  openImageTable,
  openTable,
  openTreeTable,
  type SummarizedNode,
  scheduleLines,
  stepLines,
  type TreeNode,
  type TreePlace,
} from "./tables/index.js";
export { writeChanges } from "./write-changes.js";
