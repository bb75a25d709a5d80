// Archives made block by block, for what no archiver would write: damaged, hostile, or of another century.
const blockSize = 512;

/** Fields of a header block. Strings are latin1: one character per byte. */
export interface CraftedHeader {
  readonly name: string;
  /** Default `0`, a regular file. */
  readonly type?: string;
  /** The size field, in bytes. Default: the length of `body`. */
  readonly size?: number;
  readonly linkName?: string;
  readonly mode?: number;
  readonly prefix?: string;
  /** Default: that of POSIX. */
  readonly magic?: string;
  /** Written over the block at these offsets before the checksum is made. */
  readonly patches?: Readonly<Record<number, string>>;
}

/** The magic field of GNU tar's own format. */
export const gnuMagic = "ustar  \0";

/** Two blocks of zeros. */
export const endOfArchive = Buffer.alloc(2 * blockSize);

/** One header block and its body, padded. */
export function entry(header: CraftedHeader, body: Buffer | string = ""): Buffer {
  const content = typeof body === "string" ? Buffer.from(body, "latin1") : body;
  const block = Buffer.alloc(blockSize);
  block.write(header.name.slice(0, 100), 0, "latin1");
  block.write(octal(header.mode ?? 0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(header.size ?? content.length, 11), 124);
  block.write(octal(1_400_000_000, 11), 136);
  block.write(header.type ?? "0", 156, "latin1");
  block.write((header.linkName ?? "").slice(0, 100), 157, "latin1");
  block.write(header.magic ?? "ustar\x0000", 257, "latin1");
  block.write(header.prefix ?? "", 345, "latin1");
  for (const [at, bytes] of Object.entries(header.patches ?? {})) block.write(bytes, Number(at), "latin1");
  return Buffer.concat([seal(block), pad(content)]);
}

/** Writes the right checksum into a header block. */
export function seal(block: Buffer): Buffer {
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return block;
}

/** An extended header of pax with these records. */
export function pax(records: readonly (readonly [keyword: string, value: string])[], type = "x"): Buffer {
  return entry(
    { name: "PaxHeaders/x", type },
    records.map(([keyword, value]) => paxRecord(keyword, value)).join(""),
  );
}

/** One record, its length counted as POSIX says. */
export function paxRecord(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
}

/** A long name (`L`) or long link target (`K`) of GNU tar. */
export function longName(name: string, type: "L" | "K" = "L"): Buffer {
  return entry({ name: "././@LongLink", type, magic: gnuMagic }, `${name}\0`);
}

/** The parts with the end of an archive behind them. */
export function archive(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([...parts, endOfArchive]);
}

/** Fills up to a whole block. */
export function pad(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((blockSize - (body.length % blockSize)) % blockSize)]);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
