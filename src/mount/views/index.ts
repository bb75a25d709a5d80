// The door of views.
export { prepareViews, removeViews, takeOutView } from "./layer-view.js";
export { forgetLink, lastingLinks, linkLowers } from "./lower-links.js";
export {
  readViewState,
  stampLayer,
  stampLayers,
  stampViews,
  statesDirectory,
  viewPath,
} from "./view-state.js";
