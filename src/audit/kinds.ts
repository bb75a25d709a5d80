// Every kind of damage that is looked for. docs/check.md explains each in a row of its own.
import type { ErrorCode } from "../terms/index.js";

/** Each kind by its stable word, and the error code that those get who run into it. */
export const damageKinds = {
  "abandoned-staging": "INTERNAL",
  "unfinished-import": "INTERNAL",
  "abandoned-lease": "INTERNAL",
  "stray-entry": "INVALID_ID",
  "image-not-a-directory": "IMAGE_BROKEN",
  "missing-record": "IMAGE_BROKEN",
  "unreadable-record": "IMAGE_BROKEN",
  "wrong-id": "IMAGE_BROKEN",
  "missing-layer": "IMAGE_BROKEN",
  "layer-not-a-directory": "IMAGE_BROKEN",
  "missing-parent": "PARENT_NOT_FOUND",
  cycle: "PARENT_CYCLE",
  "stray-file": "INTERNAL",
  "unreadable-checksums": "INTERNAL",
  "unreadable-layer-facts": "INTERNAL",
  "unreadable-manifest": "INTERNAL",
  "wrong-record": "IMAGE_EXISTS",
  "wrong-config": "IMAGE_BROKEN",
  "wrong-manifest": "IMAGE_BROKEN",
  "layer-beside-config": "INTERNAL",
  "unreadable-dictionary": "INTERNAL",
  "dictionary-disagrees": "CHECKSUM_MISMATCH",
  "unfinished-dictionary": "INTERNAL",
  "unreadable-names": "IMAGE_BROKEN",
  "orphaned-names": "IMAGE_NOT_FOUND",
  "damaged-graph-id": "INTERNAL",
  "damaged-view": "INTERNAL",
  "orphaned-view": "IMAGE_NOT_FOUND",
  "damaged-view-note": "INTERNAL",
  "orphaned-view-note": "IMAGE_NOT_FOUND",
  "damaged-mount-record": "INTERNAL",
  "stale-mount": "NOT_MOUNTED",
  "unfinished-mount": "MOUNT_FAILED",
  "mount-without-layer": "IMAGE_NOT_FOUND",
  "leftover-aside": "INTERNAL",
  "not-looked-at": "INTERNAL",
} as const satisfies Record<string, ErrorCode>;

export type DamageKind = keyof typeof damageKinds;
