// Writes what was found as a block: by codes of its own, or stored where that is no longer.
import { drain, fillByte, put, putBytes } from "./bits";
import { makeCodes, makeLengths } from "./huffman";
import {
  at,
  distanceCodes,
  distanceCounts,
  distanceExtra,
  distanceLengths,
  distanceSymbol,
  lengthCodes,
  lengthExtra,
  literalCodes,
  literalCounts,
  literalLengths,
  runCodes,
  runCounts,
  runLengths,
  runs,
  symbolOfLength,
  tokens,
} from "./memory";

const literals: u32 = 286;
const distances: u32 = 30;
const endOfBlock: u32 = 256;
/** The symbols by which lengths of codes are written, and in which order theirs are. */
const runSymbols: u32 = 19;
const order: StaticArray<u8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const mostStored: u32 = 65535;

/** Writes the bytes from `begin` to `end` by the tokens up to `tokensEnd`, and forgets how often each symbol occurs. */
export function writeBlock(tokensEnd: u32, begin: u32, end: u32): void {
  store<u32>(at(literalCounts, endOfBlock), 1);
  makeLengths(literalCounts, literals, 15, literalLengths);
  makeLengths(distanceCounts, distances, 15, distanceLengths);
  const namedLiterals = named(literalLengths, literals);
  const namedDistances = named(distanceLengths, distances);
  let cost = symbolsCost(namedLiterals, namedDistances);
  makeCodes(literalLengths, namedLiterals, literalCodes);
  makeCodes(distanceLengths, namedDistances, distanceCodes);
  memory.copy(literalLengths + namedLiterals, distanceLengths, namedDistances);
  const runsEnd = makeRuns(namedLiterals + namedDistances);
  makeLengths(runCounts, runSymbols, 7, runLengths);
  makeCodes(runLengths, runSymbols, runCodes);
  let namedRuns = runSymbols;
  while (namedRuns > 4 && load<u8>(runLengths + order[namedRuns - 1]) === 0) namedRuns--;
  cost += 17 + 3 * namedRuns + runsCost();
  const size = end - begin;
  if (cost < 8 * (size + 5 * ((size + mostStored - 1) / mostStored))) {
    put(4, 3);
    put(namedLiterals - 257, 5);
    put(namedDistances - 1, 5);
    put(namedRuns - 4, 4);
    drain();
    writeRuns(namedRuns, runsEnd);
    writeTokens(tokensEnd);
  } else writeStored(begin, end);
  memory.fill(literalCounts, 0, literals << 2);
  memory.fill(distanceCounts, 0, distances << 2);
}

/** An empty stored block: what follows begins with a byte. */
export function writeSyncPoint(): void {
  put(0, 3);
  fillByte();
  put(0xffff0000, 32);
  drain();
}

/** How many of the symbols there are up to the last one that has a code. */
function named(lengths: u32, symbols: u32): u32 {
  let count = symbols;
  while (load<u8>(lengths + count - 1) === 0) count--;
  return count;
}

/** How many bits the tokens take. */
function symbolsCost(namedLiterals: u32, namedDistances: u32): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 0; symbol < namedLiterals; symbol++) {
    const each = load<u8>(literalLengths + symbol) + lengthExtra(symbol);
    bits += load<u32>(at(literalCounts, symbol)) * each;
  }
  for (let symbol: u32 = 0; symbol < namedDistances; symbol++) {
    const each = load<u8>(distanceLengths + symbol) + distanceExtra(symbol);
    bits += load<u32>(at(distanceCounts, symbol)) * each;
  }
  return bits;
}

function runsCost(): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 0; symbol < runSymbols; symbol++) {
    bits += load<u32>(at(runCounts, symbol)) * (load<u8>(runLengths + symbol) + runExtra(symbol));
  }
  return bits;
}

function runExtra(symbol: u32): u32 {
  if (symbol < 16) return 0;
  return symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
}

/** Tells the lengths of the codes by runs (RFC 1951, 3.2.7). @returns the address behind them */
function makeRuns(count: u32): u32 {
  memory.fill(runCounts, 0, runSymbols << 2);
  let end = runs;
  for (let from: u32 = 0; from < count; ) {
    const length: u32 = load<u8>(literalLengths + from);
    let same: u32 = 1;
    while (from + same < count && load<u8>(literalLengths + from + same) === length) same++;
    from += same;
    if (length !== 0) {
      end = addRun(end, length, 0);
      same--;
    }
    const fewest: u32 = 3;
    while (same >= fewest) {
      const symbol: u32 = length !== 0 ? 16 : same > 10 ? 18 : 17;
      const most: u32 = symbol === 16 ? 6 : symbol === 17 ? 10 : 138;
      const taken = min(same, most);
      end = addRun(end, symbol, taken - (symbol === 18 ? 11 : 3));
      same -= taken;
    }
    for (; same > 0; same--) end = addRun(end, length, 0);
  }
  return end;
}

function addRun(end: u32, symbol: u32, extra: u32): u32 {
  store<u16>(end, <u16>(symbol | (extra << 5)));
  store<u32>(at(runCounts, symbol), load<u32>(at(runCounts, symbol)) + 1);
  return end + 2;
}

function writeRuns(namedRuns: u32, runsEnd: u32): void {
  for (let index: u32 = 0; index < namedRuns; index++) {
    put(load<u8>(runLengths + order[index]), 3);
    drain();
  }
  for (let run = runs; run < runsEnd; run += 2) {
    const symbol: u32 = load<u16>(run) & 31;
    putCode(load<u32>(at(runCodes, symbol)));
    put(load<u16>(run) >>> 5, runExtra(symbol));
    drain();
  }
}

function writeTokens(tokensEnd: u32): void {
  for (let length: u32 = 3; length <= 258; length++) {
    const symbol: u32 = load<u16>(symbolOfLength + (length << 1));
    const code = load<u32>(at(literalCodes, symbol));
    const extra = lengthExtra(symbol);
    const rest = (length - 3) & ((1 << extra) - 1);
    const count = code >>> 24;
    store<u32>(at(lengthCodes, length), (code & 0xffffff) | (rest << count) | ((count + extra) << 24));
  }
  for (let place = tokens; place < tokensEnd; place += 4) {
    const token = load<u32>(place);
    if (token < 256) putCode(load<u32>(at(literalCodes, token)));
    else {
      putCode(load<u32>(at(lengthCodes, token >>> 16)));
      const distance = (token & 0xffff) - 1;
      const symbol = distanceSymbol(distance);
      putCode(load<u32>(at(distanceCodes, symbol)));
      const extra = distanceExtra(symbol);
      put(distance & ((1 << extra) - 1), extra);
    }
    drain();
  }
  putCode(load<u32>(at(literalCodes, endOfBlock)));
  drain();
}

function putCode(code: u32): void {
  put(code & 0xffffff, code >>> 24);
}

function writeStored(begin: u32, end: u32): void {
  for (let from = begin; from < end; ) {
    const size = min(mostStored, end - from);
    put(0, 3);
    fillByte();
    put(size | ((size ^ 0xffff) << 16), 32);
    drain();
    putBytes(from, size);
    from += size;
  }
}
