// The door of auth.
export { accessOf, openGuard } from "./guard.js";
export { makeSession, sessionCookie, sessionTime } from "./session.js";
export {
  assertOneRoleEach,
  findToken,
  readTokenFile,
  roles,
  type Token,
  tokenFileWarning,
  tokensOfEnvironment,
} from "./tokens.js";
