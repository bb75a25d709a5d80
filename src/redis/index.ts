// The door of redis.
export { answersFor, connectHastily, connectPatiently, type HastyConnection } from "./connection.js";
export { describeRedis, readRedisUrl } from "./url.js";
