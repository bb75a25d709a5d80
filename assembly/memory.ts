// Where everything lies in the module's memory, by address. Numbers are of 32 bits where nothing else is said.

/** How far back a match may lie. */
export const windowBytes: u32 = 32768;

/** How often each symbol of the alphabet of literals and lengths occurs in the block, and of that of distances. */
export const literalCounts: u32 = 0x400;
export const distanceCounts: u32 = 0x900;
/** Their codes: the bits, the first the lowest, and their number from bit 24 on. */
export const literalCodes: u32 = 0xa00;
export const distanceCodes: u32 = 0xf00;
/** The same for each length of a match, with its extra bits. */
export const lengthCodes: u32 = 0x1000;
/** How long the codes are, a byte each: of literals and lengths, and of distances at `distanceLengths`. */
export const literalLengths: u32 = 0x1500;
export const distanceLengths: u32 = literalLengths + 288;
/** The symbol of each length of a match, 16 bits each. */
export const symbolOfLength: u32 = 0x1700;
/** How the lengths of the codes are written: 16 bits each, a symbol and from bit 5 on what is repeated. */
export const runs: u32 = 0x2000;
export const runCounts: u32 = 0x2800;
export const runCodes: u32 = 0x2900;
export const runLengths: u32 = 0x2a00;
/** What a code is made of: sorted symbols, weights of the tree, and how many codes there are of each length. */
export const sorted: u32 = 0x3000;
export const weights: u32 = 0x3800;
export const lengthCounts: u32 = 0x4000;
export const nextCodes: u32 = 0x4100;

/** What the block is made of: literals, and matches with their length from bit 16 on and their distance below. */
export const tokens: u32 = 0x10000;
export const mostTokens: u32 = 32768;
/** Where four bytes were seen last, and the time before that, by their hash. */
export const table: u32 = 0x40000;
export const tableBytes: u32 = 0x40000;
/** The dictionary ends, and the input begins, `windowBytes` behind it. */
export const input: u32 = 0x80000;
export const output: u32 = 0x1a0000;

/** The address of a number in an array. */
export function at(array: u32, index: u32): u32 {
  return array + (index << 2);
}

/** The symbol of a distance, less one (RFC 1951, 3.2.5). */
export function distanceSymbol(distance: u32): u32 {
  if (distance < 4) return distance;
  const bits: u32 = 31 - clz(distance);
  return (bits << 1) + ((distance >>> (bits - 1)) & 1);
}

/** How many bits follow the code of a distance. */
export function distanceExtra(symbol: u32): u32 {
  return symbol < 4 ? 0 : (symbol - 2) >>> 1;
}

/** How many bits follow the code of a length; none that of a literal. */
export function lengthExtra(symbol: u32): u32 {
  return symbol < 265 || symbol === 285 ? 0 : (symbol - 261) >>> 2;
}

for (let length: u32 = 3; length <= 258; length++) {
  const rest = length - 3;
  const extra: u32 = rest < 8 ? 0 : 29 - clz(rest);
  const symbol = length === 258 ? 285 : 257 + (extra << 2) + (rest >>> extra);
  store<u16>(symbolOfLength + (length << 1), <u16>symbol);
}
