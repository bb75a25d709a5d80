// The door of redis: URLs, and connections to whatever they name.
export { answersFor, connectFailFast, connectWithRetry, type FailFastConnection } from "./connection.js";
export { type OutageLog, type OutageTiming, openOutageLog, outageTiming } from "./outage-log.js";
export { untilTaken } from "./patience.js";
export { openPayloads, type Payloads } from "./payloads.js";
export { asUnavailable, redisRefusals, refusalOf } from "./refusals.js";
export { readClockSkew, readServerFacts, type ServerFacts, toleratedSkew } from "./server-facts.js";
export { describeRedis, readRedisUrl } from "./url.js";
