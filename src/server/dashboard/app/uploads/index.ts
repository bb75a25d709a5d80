// Uploads: archives on their way from this browser to the server's inbox.
export { type Contents, contentsOf } from "./contents.js";
export { forgetUpload } from "./kept-names.js";
export {
  dropUpload,
  giveUpUpload,
  pauseUpload,
  recallUploads,
  resumeUpload,
  type Upload,
  type UploadState,
  uploadFile,
  uploads,
} from "./uploads.js";
