// The commands of registries. Each is loaded when it is asked for.

export { knownRegistries } from "./docker-config.js";

export const registryCommands = {
  pull: () => import("./pull.js"),
  push: () => import("./push.js"),
  login: () => import("./login.js"),
  logout: () => import("./logout.js"),
} as const;
