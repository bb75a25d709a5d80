// The numbers of an .xz file: seven bits a byte, the lowest first. (The .xz file format, section 1.2.)

/** The bytes of the largest number that the format allows. */
const longest = 9;

/** A number and where it ended. */
interface NumberRead {
  readonly value: number;
  readonly end: number;
}

/** Reads a number before `limit`; undefined for one that is cut, too long, not written in the shortest way, or above 2^53. */
export function readNumber(bytes: Buffer, at: number, limit: number): NumberRead | undefined {
  let value = 0;
  for (let index = 0; index < longest && at + index < limit; index++) {
    const byte = bytes[at + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte >= 0x80) continue;
    const isShortest = index === 0 || byte !== 0;
    return isShortest && Number.isSafeInteger(value) ? { value, end: at + index + 1 } : undefined;
  }
  return undefined;
}

/** Writes a number, 0 or more. */
export function writeNumber(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
