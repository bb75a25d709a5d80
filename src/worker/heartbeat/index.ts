// What processes tell of themselves in Redis.
export { type Heartbeat, startBeat } from "./beat.js";
export { packageVersion } from "./package-version.js";
export { startHeartbeat } from "./worker-heartbeat.js";
