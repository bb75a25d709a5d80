// One file a page.
export { BatchPage } from "./batch.js";
export { ComparePage, ImageFilesPage } from "./contents/index.js";
// One file a page, or a folder for those that belong together.
export { GraphPage, GraphPage } from "./graph.js";
export { ImagePage } from "./image.js";
export { ImagePage, ImagesPage } from "./images/index.js";
export { JobPage } from "./job.js";
export { BatchPage, JobPage, JobsPage } from "./jobs/index.js";
export { JobsPage } from "./jobs.js";
export { NamesPage } from "./names/index.js";
export { OverviewPage } from "./overview/index.js";
export { OverviewPage } from "./overview.js";
export { AddPage, ExportsPage, GarbagePage, MountsPage, SchedulesPage } from "./places/index.js";
export { SearchPage } from "./search.js";
