// The door of api.
export { addEventRoutes } from "./events.js";
export { addExportRoutes } from "./exports.js";
export { addImageRoutes } from "./images.js";
export { addJobRecordRoutes } from "./job-records.js";
export { jobNotFound, jobParams } from "./job-shapes.js";
export { addJobRoutes } from "./jobs.js";
export { addLayerRoutes } from "./layer.js";
export { addMountRoutes } from "./mounts.js";
export { addOperateRoutes } from "./operate.js";
export { problemsOf } from "./problems-of.js";
export { addScheduleRoutes } from "./schedules.js";
export { addUploadRoutes } from "./uploads/index.js";
