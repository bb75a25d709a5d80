// Writes bits, the lowest first.
import { output } from "./memory";

let end: u32 = output;
/** The bits that fill no byte yet, and their number. */
let held: u64 = 0;
let heldBits: u32 = 0;

export function beginOutput(): void {
  end = output;
  held = 0;
  heldBits = 0;
}

/** The address behind the last byte. */
export function outputEnd(): u32 {
  return end;
}

/** Adds bits. Between two calls of `drain` no more than 56. */
export function put(bits: u64, count: u32): void {
  held |= bits << heldBits;
  heldBits += count;
}

/** Writes the bytes that are full. */
export function drain(): void {
  store<u64>(end, held);
  end += heldBits >>> 3;
  held >>>= heldBits & 56;
  heldBits &= 7;
}

/** Fills the last byte with zeros. */
export function fillByte(): void {
  heldBits = (heldBits + 7) & ~7;
  drain();
}

/** Adds bytes where the last one is full. */
export function putBytes(from: u32, count: u32): void {
  memory.copy(end, from, count);
  end += count;
}
