// Draws the picture: its images, lines and labels, its minimap, and the legend of what they mean.
export type { Emphasis } from "./frame.js";
export type { Label } from "./labels.js";
export { makeLegend } from "./legend.js";
export { makeMinimap } from "./minimap.js";
export { paint } from "./paint.js";
export { onThemeChange, readTheme } from "./theme.js";
