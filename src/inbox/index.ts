// Uploads on their way to the job that stores them.
export { removeAbandonedUploads, uploadPatience } from "./abandoned-uploads.js";
export { inboxOf, makeInbox } from "./inbox.js";
export {
  completeUpload,
  cutUpload,
  readUpload,
  removeUpload,
  type UploadState,
  uploadPaths,
} from "./incoming.js";
