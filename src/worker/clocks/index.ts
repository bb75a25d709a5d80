// What a worker does so that a clock which is set, its own or Redis's, neither loses its jobs nor lets them wait.
export { openClockWatch } from "./clock-watch.js";
export { keepLocksRenewed } from "./lock-renewal.js";
