// Views: layers in the form that overlayfs reads.
export { findNotes, prepareViews, removeViews, takeOutView } from "./layer-view.js";
export { forgetLinks, linkLowers, linkNamesOf } from "./lower-links.js";
export { copyPlain } from "./plain-layer.js";
export {
  readViewState,
  stampLayer,
  stampLayers,
  stampViews,
} from "./view-state.js";
