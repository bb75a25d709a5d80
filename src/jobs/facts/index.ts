// What a page in a browser may know of jobs, too: imports nothing, least of all zod.
export type { JobFacts } from "./job-facts.js";
export { hostQueueName, type QueueName, queueNames, splitQueueName } from "./queue-names.js";
export { findSubject, type SubjectPath, usualSubject } from "./subject.js";
