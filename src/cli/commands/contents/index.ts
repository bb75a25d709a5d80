// The commands about what is inside an image. Each is loaded when it is asked for.

export const contentsCommands = {
  ls: () => import("./ls.js"),
  cat: () => import("./cat.js"),
  diff: () => import("./diff.js"),
  waste: () => import("./waste.js"),
} as const;
