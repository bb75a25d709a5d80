// What brings images into the graph, and takes them to a registry.
export { AddPage } from "./add.js";
