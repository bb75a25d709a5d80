// The door of images.
export { addImageRoutes } from "./images.js";
