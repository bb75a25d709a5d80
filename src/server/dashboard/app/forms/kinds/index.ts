// The fields of each kind of job.
export {
  ChecksumChoice,
  ExportFields,
  ImportFields,
  PullFields,
  PushFields,
  StoreFields,
} from "./transfer.js";
