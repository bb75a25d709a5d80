// The door of dashboard.
export { addDashboard } from "./dashboard.js";
