// The door of redis.
export { answersFor, connectFailFast, connectWithRetry, type FailFastConnection } from "./connection.js";
export { describeRedis, readRedisUrl } from "./url.js";
