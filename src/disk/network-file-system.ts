// Whether a directory lies on a file system that other hosts may have mounted as well.
import { statfs } from "node:fs/promises";

/** Magic numbers of statfs(2): network file systems, by what people call them. */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x517b, "SMB"],
  [0x01021997, "9p"],
  [0x00c36400, "Ceph"],
  [0x5346414f, "AFS"],
  [0x0bd00bd0, "Lustre"],
  [0x01161970, "GFS2"],
  [0x7461636f, "OCFS2"],
  [0x65735546, "FUSE"],
]);

/**
 * What kind of network file system a directory lies on; undefined for one of this host alone, or one that cannot be asked. FUSE
 * counts, for what lies behind it is not known.
 */
export async function networkFileSystem(directory: string): Promise<string | undefined> {
  try {
    return networkFileSystems.get((await statfs(directory)).type);
  } catch {
    return undefined;
  }
}
