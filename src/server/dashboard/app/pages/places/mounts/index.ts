// What is mounted.
export { MountsPage } from "./mounts.js";
