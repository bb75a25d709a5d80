// The door of tables.
export { openImageTable } from "./image-table.js";
export {
  imagesOf,
  isUnbegun,
  type JobSurroundings,
  jobTableLines,
  shortSubject,
  stateStyle,
  stateText,
} from "./job-table.js";
export { mountLines } from "./mount-table.js";
export { scheduleLines } from "./schedule-table.js";
export { stepLines } from "./step-table.js";
export { type ListView, openTable } from "./table.js";
export {
  drawnLevels,
  openTreeTable,
  type SummarizedNode,
  type TreeNode,
  type TreePlace,
} from "./tree-table.js";
