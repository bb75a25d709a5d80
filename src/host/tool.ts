// The programs of the host that Stevedore runs, and the Debian package that brings each.

/** A program of the host: the name it is run by, and what to install when it is not there. */
export interface Tool {
  readonly command: string;
  /** The Debian package that brings it, named in `TOOL_MISSING`. */
  readonly package: string;
  /** The option by which it tells of itself. Default: `--version`. */
  readonly versionOption?: string | undefined;
}

export const tools = {
  tar: { command: "tar", package: "tar" },
  bsdtar: { command: "bsdtar", package: "libarchive-tools" },
  xz: { command: "xz", package: "xz-utils" },
  bzip2: { command: "bzip2", package: "bzip2", versionOption: "--help" },
  zstd: { command: "zstd", package: "zstd" },
  sync: { command: "sync", package: "coreutils" },
  find: { command: "find", package: "findutils" },
  flock: { command: "flock", package: "util-linux" },
  cp: { command: "cp", package: "coreutils" },
  rm: { command: "rm", package: "coreutils" },
  chmod: { command: "chmod", package: "coreutils" },
  mount: { command: "mount", package: "mount" },
  umount: { command: "umount", package: "mount" },
  modprobe: { command: "modprobe", package: "kmod" },
  dmesg: { command: "dmesg", package: "util-linux" },
  fuseOverlayfs: { command: "fuse-overlayfs", package: "fuse-overlayfs" },
  fusermount: { command: "fusermount3", package: "fuse3" },
  redis: { command: "redis-server", package: "redis-server" },
  valkey: { command: "valkey-server", package: "valkey-server" },
} as const satisfies Record<string, Tool>;
