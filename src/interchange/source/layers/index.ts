// The layers of a source on their way into the graph: unpacked, or checked against what the graph has.
export { beginFilling, type FillOptions, type LayersLimits } from "./fill-layers.js";
export { assertSameLayer, isKnownLayer } from "./present-layer.js";
