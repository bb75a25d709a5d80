// Pulls images from registries.
export { type Pulled, type PullRequest, pullImages } from "./pull-images.js";
