// What is inside an image, and two images compared.
export { ComparePage } from "./compare.js";
export { ImageFilesPage } from "./image-files.js";
