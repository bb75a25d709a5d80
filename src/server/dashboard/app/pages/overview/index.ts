// The overview.
export { OverviewPage } from "./overview.js";
