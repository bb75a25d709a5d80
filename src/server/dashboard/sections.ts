// The entries of the navigation, which the app and the server's own pages have in common.

/** In their order. Those of the server's own pages load them anew. */
export const sections = [
  { to: "/", text: "Overview" },
  { to: "/images", text: "Images" },
  { to: "/graph", text: "Graph" },
  { to: "/names", text: "Names" },
  { to: "/mounts", text: "Mounts" },
  { to: "/exports", text: "Exports" },
  { to: "/jobs", text: "Jobs" },
  { to: "/schedules", text: "Schedules" },
  { to: "/garbage", text: "Garbage" },
  { to: "/add", text: "Add" },
  { to: "/queues/", text: "Queues" },
  { to: "/api/docs", text: "API" },
] as const;

/** Where an entry leads. */
export type SectionPath = (typeof sections)[number]["to"];
