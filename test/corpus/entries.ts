// The usual entries of a crafted archive, in short, and the odd fields of their headers.
import { type CraftedHeader, entry, gnuMagic, pax } from "../support/trees/crafted-tar.js";

type More = Omit<Partial<CraftedHeader>, "name">;

export function file(name: string, content: Buffer | string = "", more: More = {}): Buffer {
  return entry({ name, ...more }, content);
}

export function directory(name: string, mode = 0o755, more: More = {}): Buffer {
  return entry({ name, type: "5", mode, ...more });
}

export function symlink(name: string, linkName: string, more: More = {}): Buffer {
  return entry({ name, type: "2", linkName, ...more });
}

export function hardlink(name: string, linkName: string, more: More = {}): Buffer {
  return entry({ name, type: "1", linkName, ...more });
}

export function fifo(name: string): Buffer {
  return entry({ name, type: "6" });
}

export function device(name: string, type: "3" | "4", major: number, minor: number): Buffer {
  return entry({ name, type, patches: { ...octalField(329, 8, major), ...octalField(337, 8, minor) } });
}

/** An extended attribute for the entry that comes next. */
export function attribute(name: string, value: string): Buffer {
  return pax([[`SCHILY.xattr.${name}`, value]]);
}

/** The fields of a header block that these tests write into. */
export const fields = {
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  checksum: 148,
  isExtended: 482,
};

/** A number as octal digits in a field of `width` bytes at `at`. */
export function octalField(at: number, width: number, value: number): Record<number, string> {
  return { [at]: `${value.toString(8).padStart(width - 1, "0")}\0` };
}

/** Twelve bytes of base-256, as GNU tar and star write what octal digits cannot hold. */
export function base256(value: bigint): string {
  const bytes = Buffer.alloc(12, value < 0n ? 0xff : 0);
  bytes.writeBigInt64BE(value, 4);
  if (value >= 0n) bytes[0] = 0x80;
  return bytes.toString("latin1");
}

/** A sparse file of the old GNU format, with up to four regions in its header. */
export function oldSparse(
  name: string,
  fileSize: number,
  regions: readonly (readonly [offset: number, bytes: number])[],
  data: Buffer,
  patches: Readonly<Record<number, string>> = {},
): Buffer {
  const map = Object.assign(
    {},
    ...regions.map(([offset, bytes], slot) => ({
      ...octalField(386 + 24 * slot, 12, offset),
      ...octalField(398 + 24 * slot, 12, bytes),
    })),
  );
  return entry(
    { name, type: "S", magic: gnuMagic, patches: { ...map, ...octalField(483, 12, fileSize), ...patches } },
    data,
  );
}

/** A sparse file of the format 1.0: its map is text at the beginning of the body. */
export function paxSparse(
  name: string,
  fileSize: number | string,
  map: string,
  data: Buffer = Buffer.alloc(0),
  { more = [], header = {} }: { more?: [string, string][]; header?: More } = {},
): Buffer[] {
  const body = Buffer.alloc(Math.ceil(map.length / 512) * 512);
  body.write(map, "latin1");
  const records: [string, string][] = [
    ["GNU.sparse.major", "1"],
    ["GNU.sparse.minor", "0"],
    ["GNU.sparse.name", name],
    ["GNU.sparse.realsize", `${fileSize}`],
  ];
  return [pax([...records, ...more]), file("GNUSparseFile.0/x", Buffer.concat([body, data]), header)];
}
