// Images: the list, and one.
export { ImagePage } from "./image.js";
export { UntagButton } from "./image-names.js";
export { ImagesPage } from "./images.js";
