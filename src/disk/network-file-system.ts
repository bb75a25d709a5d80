// Whether a directory lies on a file system that other hosts may have mounted as well, and whether locks hold there.
import { statfs } from "node:fs/promises";

export interface NetworkFileSystem {
  /** What people call it. */
  readonly name: string;
  /** Whether flock(2) on a directory keeps out other hosts. Elsewhere the kernel keeps such a lock to itself. */
  readonly locksBetweenHosts: boolean;
}

const of = (name: string, locksBetweenHosts = false): NetworkFileSystem => ({ name, locksBetweenHosts });

/** By the magic number of statfs(2). */
const networkFileSystems: ReadonlyMap<number, NetworkFileSystem> = new Map([
  [0x6969, of("NFS")],
  [0xff534d42, of("CIFS")],
  [0xfe534d42, of("SMB")],
  [0x517b, of("SMB")],
  [0x01021997, of("9p")],
  [0x5346414f, of("AFS")],
  [0x65735546, of("FUSE")],
  [0x00c36400, of("CephFS", true)],
  [0x01161970, of("GFS2", true)],
  [0x7461636f, of("OCFS2", true)],
]);

/**
 * What kind of network file system a directory lies on; undefined for one of this host alone, or one that cannot be asked. FUSE
 * counts, for what lies behind it is not known.
 */
export async function networkFileSystem(directory: string): Promise<NetworkFileSystem | undefined> {
  try {
    return networkFileSystems.get((await statfs(directory)).type);
  } catch {
    return undefined;
  }
}
