// The fields of each kind of job.
export { GcFields } from "./gc.js";
export {
  ChecksumChoice,
  ExportFields,
  ImportFields,
  PullFields,
  PushFields,
  StoreFields,
} from "./transfer.js";
