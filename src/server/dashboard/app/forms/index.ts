// Forms: what is filled in, what is wrong with it, and the job that is started.
export { CheckField, ChoiceField, LongField, More, TextField } from "./field.js";
export { Form } from "./form.js";
export { ImageField } from "./image-field.js";
export { JobForm, StartedJobs, useStartedJobs } from "./job-form.js";
export {
  ChecksumChoice,
  ExportFields,
  GcFields,
  ImportFields,
  PullFields,
  PushFields,
  StoreFields,
} from "./kinds/index.js";
export { runJob } from "./run-job.js";
