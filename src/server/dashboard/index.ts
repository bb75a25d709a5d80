// The door of dashboard.
export { addDashboard } from "./dashboard.js";
export { openErrorPages } from "./error-pages.js";
export { withHeader } from "./html/index.js";
