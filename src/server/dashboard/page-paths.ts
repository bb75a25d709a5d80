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
