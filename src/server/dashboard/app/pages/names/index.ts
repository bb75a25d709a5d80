// Names: all of them.
export { NamesPage } from "./names.js";
