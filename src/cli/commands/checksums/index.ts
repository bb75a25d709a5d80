// The commands of checksums. Each is loaded when it is asked for.

export const checksumCommands = {
  checksum: () => import("./checksum.js"),
  verify: () => import("./verify.js"),
} as const;
