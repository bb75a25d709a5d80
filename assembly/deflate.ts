// Compresses a block by deflate (RFC 1951). It works on whole numbers of its own memory alone, so the same input gives the
// same bytes on every machine. `npm run deflate` compiles it to WebAssembly.
import { beginOutput, outputEnd } from "./bits";
import { writeBlock, writeSyncPoint } from "./block";
import {
  at,
  distanceCounts,
  distanceSymbol,
  input,
  literalCounts,
  mostTokens,
  symbolOfLength,
  table,
  tableBytes,
  tokens,
  windowBytes,
} from "./memory";

const longest: u32 = 258;
/** Behind so many bytes in which nothing was found, one more is passed over at each step. */
const patience: u32 = 128;

let tokensEnd: u32 = tokens;
let blockBegin: u32 = 0;

/**
 * Compresses what lies at `input + windowBytes`, at most 1 MiB.
 * @param dictionary how many bytes before it matches may reach into, at most `windowBytes`
 * @returns the address behind the output, which begins at `output` and ends with a sync flush
 */
export function deflate(dictionary: u32, size: u32): u32 {
  memory.fill(table, 0, tableBytes);
  const begin = input + windowBytes;
  const end = begin + size;
  // What is looked up takes four bytes, and what is compared eight.
  const lookups: u32 = size < 12 ? begin : end - 12;
  for (let from = begin - dictionary; from + 4 <= begin; from++) remember(from);
  beginOutput();
  tokensEnd = tokens;
  blockBegin = begin;
  let misses: u32 = 0;
  let from = begin;
  while (from < lookups) {
    if (tokensEnd >= tokens + (mostTokens << 2)) endBlock(from);
    const four = load<u32>(from);
    const slot = slotOf(four);
    const seen = load<u64>(slot);
    store<u64>(slot, (seen << 32) | from);
    const near = <u32>seen;
    const far = <u32>(seen >>> 32);
    const most = min(longest, end - from);
    let length: u32 = 0;
    let distance: u32 = 0;
    // An empty place is 0, which is too far away.
    if (from - near <= windowBytes && load<u32>(near) === four) {
      length = sameBytes(near, from, most);
      distance = from - near;
    }
    if (
      from - far <= windowBytes &&
      load<u32>(far) === four &&
      load<u8>(far + length) === load<u8>(from + length)
    ) {
      const other = sameBytes(far, from, most);
      if (other > length) {
        length = other;
        distance = from - far;
      }
    }
    if (length === 0) {
      let run = 1 + misses / patience;
      misses++;
      for (; run > 0 && from < lookups; run--) {
        addLiteral(load<u8>(from));
        from++;
      }
      continue;
    }
    misses = 0;
    addMatch(length, distance);
    const behind = from + length;
    const stop = min(behind, lookups);
    for (from++; from < stop; from++) remember(from);
    from = behind;
  }
  for (; from < end; from++) addLiteral(load<u8>(from));
  endBlock(from);
  writeSyncPoint();
  return outputEnd();
}

function slotOf(four: u32): u32 {
  return table + (((four * 0x9e3779b1) >>> 17) << 3);
}

function remember(place: u32): void {
  const slot = slotOf(load<u32>(place));
  store<u64>(slot, (load<u64>(slot) << 32) | place);
}

/** How many bytes are the same; the first four are. */
function sameBytes(a: u32, b: u32, most: u32): u32 {
  for (let count: u32 = 4; count < most; count += 8) {
    const difference = load<u64>(a + count) ^ load<u64>(b + count);
    if (difference !== 0) return min(most, count + <u32>(ctz(difference) >>> 3));
  }
  return most;
}

function addLiteral(byte: u32): void {
  store<u32>(tokensEnd, byte);
  tokensEnd += 4;
  count(literalCounts, byte);
}

function addMatch(length: u32, distance: u32): void {
  store<u32>(tokensEnd, (length << 16) | distance);
  tokensEnd += 4;
  count(literalCounts, load<u16>(symbolOfLength + (length << 1)));
  count(distanceCounts, distanceSymbol(distance - 1));
}

function count(counts: u32, symbol: u32): void {
  const place = at(counts, symbol);
  store<u32>(place, load<u32>(place) + 1);
}

function endBlock(end: u32): void {
  if (tokensEnd > tokens) writeBlock(tokensEnd, blockBegin, end);
  tokensEnd = tokens;
  blockBegin = end;
}
