// The door of callbacks.
export { countNotifications, type NotificationCounts } from "./count.js";
export { callbackId, pendingField, registerCallback } from "./register.js";
export { callbacksOf, keepCallbacks } from "./told-of.js";
