// The door of contents: what is inside an image, over HTTP.
export { addContentsRoutes } from "./contents.js";
