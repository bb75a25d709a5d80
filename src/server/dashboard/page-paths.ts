// The paths of the dashboard's pages, which the server answers with the app and the app tells apart.

/** In Fastify's form: a part that begins with a colon stands for one segment of the path. */
export const pagePaths = [
  "/",
  "/graph",
  "/images",
  "/images/:ref",
  "/search",
  "/images/:ref/files",
  "/compare",
  "/names",
  "/jobs",
  "/jobs/:queue/:id",
  "/batches/:id",
  "/add",
  "/mounts",
  "/exports",
  "/schedules",
  "/garbage",
] as const;

export type PagePath = (typeof pagePaths)[number];

/**
 * What a page without a query in its address asks the API first, in the app's own words: the browser asks for it as soon
 * as it sees the page, beside the app's files.
 */
export const firstRequests: Partial<Record<PagePath, string>> = {
  "/images": "/api/v1/images?sort=created&direction=desc&offset=0&limit=100",
  "/graph": "/api/v1/graph",
};
