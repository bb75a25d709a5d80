// What the mount drivers are called.

/** In the order in which `auto` tries them. */
export const mountDriverNames = ["overlay", "aufs", "fuse-overlayfs", "copy"] as const;
export type MountDriverName = (typeof mountDriverNames)[number];
