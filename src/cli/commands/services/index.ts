// The commands that serve, and the one that examines the host. Each is loaded when it is asked for.

export const serviceCommands = {
  up: () => import("./up.js"),
  worker: () => import("./worker.js"),
  compressor: () => import("./compressor.js"),
  server: () => import("./server.js"),
  doctor: () => import("./doctor.js"),
} as const;
