// The words for what differs: between a layer and its manifest, and between a mount and its layers.

/**
 * The ways in which an entry of a layer may differ from its manifest: `target` is what a symlink says, the number of a
 * device, or with which other name a file is one; what is `missing` was there, what is `extra` was not.
 */
export const differenceKinds = [
  "content",
  "mode",
  "owner",
  "mtime",
  "xattr",
  "type",
  "target",
  "missing",
  "extra",
] as const;
export type DifferenceKind = (typeof differenceKinds)[number];

/** What may have happened to a path of a mount. */
export const changeKinds = ["modify", "add", "delete"] as const;
export type ChangeKind = (typeof changeKinds)[number];
