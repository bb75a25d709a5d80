// The door of outbound: requests of a worker to hosts that its operator allowed.
export { parseAllowedHost, parseNotifyHost } from "./allowed-hosts.js";
export {
  broken,
  explain,
  forbidden,
  type HostPolicy,
  type RequestKind,
  requestOnce,
  shownUrl,
  type Wait,
} from "./request.js";
