// The page of each path, and the entry of the navigation that it belongs to.
import type { JSX } from "preact";
import type { PagePath } from "../page-paths.js";
import type { SectionPath } from "../sections.js";
import {
  AddPage,
  BatchPage,
  ComparePage,
  ExportsPage,
  GarbagePage,
  GraphPage,
  ImageFilesPage,
  ImagePage,
  ImagesPage,
  JobPage,
  JobsPage,
  MountsPage,
  NamesPage,
  OverviewPage,
  SchedulesPage,
  SearchPage,
} from "./pages/index.js";

interface Route {
  /** Where its entry of the navigation leads; undefined for a page that belongs to none. */
  readonly section?: SectionPath;
  /** Its parameters are those of the path: each is there. */
  page(params: Readonly<Record<string, string>>): JSX.Element;
}

export const routes: Readonly<Record<PagePath, Route>> = {
  "/": { section: "/", page: () => <OverviewPage /> },
  "/graph": { section: "/graph", page: () => <GraphPage /> },
  "/images": { section: "/images", page: () => <ImagesPage /> },
  "/names": { section: "/names", page: () => <NamesPage /> },
  "/images/:ref": {
    section: "/images",
    page: ({ ref = "" }) => <ImagePage key={ref} reference={ref} />,
  },
  "/images/:ref/files": {
    section: "/images",
    page: ({ ref = "" }) => <ImageFilesPage key={ref} reference={ref} />,
  },
  "/compare": { section: "/images", page: () => <ComparePage /> },
  "/jobs": { section: "/jobs", page: () => <JobsPage /> },
  "/jobs/:queue/:id": {
    section: "/jobs",
    page: ({ queue = "", id = "" }) => <JobPage key={`${queue}/${id}`} queue={queue} id={id} />,
  },
  "/mounts": { section: "/mounts", page: () => <MountsPage /> },
  "/exports": { section: "/exports", page: () => <ExportsPage /> },
  "/schedules": { section: "/schedules", page: () => <SchedulesPage /> },
  "/garbage": { section: "/garbage", page: () => <GarbagePage /> },
  "/add": { section: "/add", page: () => <AddPage /> },
  "/search": { page: () => <SearchPage /> },
  "/batches/:id": { section: "/jobs", page: ({ id = "" }) => <BatchPage key={id} id={id} /> },
};
