// The door of outbound: requests of a worker to hosts that its operator allowed.
export { isPrivateAddress } from "./address.js";
export {
  type AllowedHost,
  isHostAllowed,
  parseAllowedHost,
  parseNotifyHost,
  parseRegistryHost,
} from "./allowed-hosts.js";
export { type DownloadLimits, type Patience, rest, startPatience } from "./patience.js";
export {
  broken,
  checkedLookup,
  explain,
  forbidden,
  type HostPolicy,
  literalAddress,
  type RequestKind,
  requestOnce,
  shownUrl,
  type Wait,
} from "./request.js";
