// What pages are made of.
export { ActionButton, type Question } from "./action-button.js";
export { BatchWaiting } from "./batch-waits.js";
export { Chart, type Series } from "./chart.js";
export { CopyButton } from "./copy-button.js";
export { Facts } from "./facts.js";
export {
  CancelButton,
  hasEnded,
  pathOfJob,
  RemoveButton,
  RetryButton,
  startBatch,
  startJob,
} from "./job-actions.js";
export { JobTable } from "./job-table.js";
export { JsonView } from "./json-view.js";
export { LiveJob } from "./live-job.js";
export { Loaded } from "./loaded.js";
export { JobMoment, Moment } from "./moment.js";
export { EndNotice, ErrorNotice, Notice, PausedNotice } from "./notice.js";
export { ProgressBar } from "./progress-bar.js";
export { QueueButton } from "./queue-button.js";
export { Reason } from "./reason.js";
export { State } from "./state.js";
