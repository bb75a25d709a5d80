// The places around the graph: what comes in, what is mounted, what goes out, what happens by itself.
export { AddPage } from "./add/index.js";
export { ExportsPage } from "./exports.js";
export { GarbagePage } from "./garbage.js";
export { MountsPage } from "./mounts/index.js";
export { SchedulesPage } from "./schedules/index.js";
