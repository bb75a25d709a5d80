// The commands of images: in, out, listed, named, deleted. Each is loaded when it is asked for.

export const imageCommands = {
  store: () => import("./store.js"),
  import: () => import("./import.js"),
  export: () => import("./export.js"),
  images: () => import("./images.js"),
  tree: () => import("./tree.js"),
  history: () => import("./history.js"),
  inspect: () => import("./inspect.js"),
  tag: () => import("./tag.js"),
  untag: () => import("./untag.js"),
  rm: () => import("./rm.js"),
  gc: () => import("./gc.js"),
  check: () => import("./check.js"),
} as const;
