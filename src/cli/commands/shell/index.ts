// The commands that serve the user's shell. Each is loaded when it is asked for.

export const shellCommands = {
  completion: () => import("./completion.js"),
  man: () => import("./man.js"),
} as const;
