// The door of openapi.
export { addOpenApi } from "./openapi.js";
