// The door of uploads.
export { formatDigest } from "./digest-field.js";
export { addUploadRoutes } from "./uploads.js";
