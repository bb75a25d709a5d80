// The door of embedded.
export { embeddedRedisRuns, holdEmbeddedRedis } from "./embedded-redis.js";
export { assertRoot, type OwnWorkerOptions, openQueueSession, type QueueSession } from "./queue-session.js";
export { socketAddress } from "./redis-socket.js";
