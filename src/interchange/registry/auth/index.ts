// The door of auth: who a worker is to registries.
export { createAuthorization } from "./authorization.js";
export { type Challenge, parseChallenges } from "./challenges.js";
export { type Credentials, findCredentials } from "./docker-config.js";
