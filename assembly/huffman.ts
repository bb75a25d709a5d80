// Makes prefix codes that are as short as they can be.
import { at, lengthCounts, nextCodes, sorted, weights } from "./memory";

/** Writes how long the code of each symbol is, a byte each: none for those that do not occur, but for two at least. */
export function makeLengths(counts: u32, symbols: u32, most: u32, lengths: u32): void {
  memory.fill(lengths, 0, symbols);
  const used = sortSymbols(counts, symbols);
  growTree(used);
  countLengths(used, most);
  shorten(most);
  let next: u32 = 0;
  for (let length = most; length > 0; length--) {
    for (let left = load<u32>(at(lengthCounts, length)); left > 0; left--) {
      store<u8>(lengths + (load<u32>(at(sorted, next)) & 511), <u8>length);
      next++;
    }
  }
}

/** Sorts the symbols that occur by how often, and then by number. @returns how many there are, two at least */
function sortSymbols(counts: u32, symbols: u32): u32 {
  let used: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<u32>(at(counts, symbol));
    if (count === 0) continue;
    store<u32>(at(sorted, used), (count << 9) | symbol);
    used++;
  }
  for (let symbol: u32 = 0; used < 2; symbol++) {
    if (load<u32>(at(counts, symbol)) !== 0) continue;
    store<u32>(at(sorted, used), (1 << 9) | symbol);
    used++;
  }
  // Shell's sort: no two are equal.
  for (let gap: u32 = 121; gap > 0; gap = gap / 3) {
    for (let from = gap; from < used; from++) {
      const key = load<u32>(at(sorted, from));
      let to = from;
      for (; to >= gap && load<u32>(at(sorted, to - gap)) > key; to -= gap) {
        store<u32>(at(sorted, to), load<u32>(at(sorted, to - gap)));
      }
      store<u32>(at(sorted, to), key);
    }
  }
  return used;
}

/** Replaces the weights of the leaves by the depths of the inner nodes (A. Moffat, J. Katajainen, 1995). */
function growTree(used: u32): void {
  for (let leaf: u32 = 0; leaf < used; leaf++) {
    store<u32>(at(weights, leaf), load<u32>(at(sorted, leaf)) >>> 9);
  }
  store<u32>(weights, load<u32>(weights) + load<u32>(at(weights, 1)));
  let root: u32 = 0;
  let leaf: u32 = 2;
  for (let next: u32 = 1; next < used - 1; next++) {
    let sum: u32 = 0;
    for (let child = 0; child < 2; child++) {
      const isInner =
        leaf >= used || (root < next && load<u32>(at(weights, root)) < load<u32>(at(weights, leaf)));
      if (isInner) {
        sum += load<u32>(at(weights, root));
        store<u32>(at(weights, root), next);
        root++;
      } else {
        sum += load<u32>(at(weights, leaf));
        leaf++;
      }
    }
    store<u32>(at(weights, next), sum);
  }
  store<u32>(at(weights, used - 2), 0);
  for (let next = <i32>used - 3; next >= 0; next--) {
    store<u32>(at(weights, next), load<u32>(at(weights, load<u32>(at(weights, next)))) + 1);
  }
}

/** Counts the leaves of each depth; those that are deeper than `most` as if they were there. */
function countLengths(used: u32, most: u32): void {
  memory.fill(lengthCounts, 0, 16 * 4);
  let available: u32 = 1;
  let depth: u32 = 0;
  let next = <i32>used - 2;
  while (available > 0) {
    let inner: u32 = 0;
    for (; next >= 0 && load<u32>(at(weights, next)) === depth; next--) inner++;
    const place = at(lengthCounts, min(depth, most));
    store<u32>(place, load<u32>(place) + available - inner);
    available = 2 * inner;
    depth++;
  }
}

/** Makes longer codes of short ones until there is room for those that were cut. */
function shorten(most: u32): void {
  let taken: u32 = 0;
  for (let length: u32 = 1; length <= most; length++) {
    taken += load<u32>(at(lengthCounts, length)) << (most - length);
  }
  for (; taken > (<u32>1) << most; taken--) {
    store<u32>(at(lengthCounts, most), load<u32>(at(lengthCounts, most)) - 1);
    let length = most - 1;
    while (load<u32>(at(lengthCounts, length)) === 0) length--;
    store<u32>(at(lengthCounts, length), load<u32>(at(lengthCounts, length)) - 1);
    store<u32>(at(lengthCounts, length + 1), load<u32>(at(lengthCounts, length + 1)) + 2);
  }
}

/** Writes the codes of symbols whose lengths are known (RFC 1951, 3.2.2), with the first bit the lowest. */
export function makeCodes(lengths: u32, symbols: u32, codes: u32): void {
  memory.fill(lengthCounts, 0, 16 * 4);
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const place = at(lengthCounts, load<u8>(lengths + symbol));
    store<u32>(place, load<u32>(place) + 1);
  }
  store<u32>(lengthCounts, 0);
  let code: u32 = 0;
  for (let length: u32 = 1; length < 16; length++) {
    code = (code + load<u32>(at(lengthCounts, length - 1))) << 1;
    store<u32>(at(nextCodes, length), code);
  }
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const length: u32 = load<u8>(lengths + symbol);
    let bits = load<u32>(at(nextCodes, length));
    store<u32>(at(nextCodes, length), bits + 1);
    let turned: u32 = 0;
    for (let bit: u32 = 0; bit < length; bit++) {
      turned = (turned << 1) | (bits & 1);
      bits >>>= 1;
    }
    store<u32>(at(codes, symbol), turned | (length << 24));
  }
}
