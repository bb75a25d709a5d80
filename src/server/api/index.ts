// The door of api.
export { addContentsRoutes } from "./contents/index.js";
export { addEventRoutes } from "./events.js";
export { addExportRoutes } from "./exports.js";
export { addImageRoutes } from "./images/index.js";
export {
  addJobRecordRoutes,
  addJobRoutes,
  addOperateRoutes,
  jobNotFound,
  jobParams,
  jobRecord,
} from "./jobs/index.js";
export { addLayerRoutes } from "./layer.js";
export { addMountRoutes } from "./mounts.js";
export { problemsOf } from "./problems-of.js";
export { addScheduleRoutes, schedule } from "./schedules.js";
export { addUploadRoutes } from "./uploads/index.js";
export { addWorkerRoutes, compression, describeCompression } from "./workers.js";
