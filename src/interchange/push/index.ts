// Pushes images to registries.
export { type Pushed, type PushRequest, pushImage } from "./push-image.js";
