// Lists of any length: only what is in view is there, and asked for.
export { Grid, type GridColumn, type GridSort } from "./grid.js";
export { fetchRows, useWindow, type Windowed } from "./window.js";
