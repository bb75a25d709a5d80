// The door of callbacks.
export { readNotifyPolicy } from "./notify-policy.js";
export { serveNotifications } from "./serve-notifications.js";
export { callbackOf, openTeller, type Teller } from "./teller.js";
