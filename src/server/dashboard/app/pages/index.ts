// One file a page, or a folder for those that belong together.
export { ComparePage, ImageFilesPage } from "./contents/index.js";
export { GraphPage } from "./graph.js";
export { ImagePage, ImagesPage } from "./images/index.js";
export { BatchPage, JobPage, JobsPage } from "./jobs/index.js";
export { NamesPage } from "./names/index.js";
export { OverviewPage } from "./overview/index.js";
export { AddPage, ExportsPage, GarbagePage, MountsPage, SchedulesPage } from "./places/index.js";
export { SearchPage } from "./search.js";
