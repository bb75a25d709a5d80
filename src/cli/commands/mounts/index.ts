// The commands of mounts. Each is loaded when it is asked for.

export const mountCommands = {
  mount: () => import("./mount.js"),
  unmount: () => import("./unmount.js"),
  mounts: () => import("./mounts.js"),
  changes: () => import("./changes.js"),
  commit: () => import("./commit.js"),
} as const;
