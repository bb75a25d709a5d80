// The door of http: requests to registries.

export { type Answer, drop, headerOf, lengthOf, type Sender } from "./answer.js";
export { type Asker, type Authorization, ask, pauseOf, retryAfter } from "./ask.js";
export { chunksOf } from "./body.js";
export { openConnections } from "./connections.js";
export { askForDocument } from "./document.js";
export { errnoOf, explain, isPassing } from "./failures.js";
export { pulling, pushing } from "./kinds.js";
export { refused } from "./refusals.js";
export { type RegistryRequest, sendOnce, targetOf } from "./send.js";
export { sendStream } from "./send-stream.js";
