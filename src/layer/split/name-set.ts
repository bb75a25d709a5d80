// Remembers the names of any number of files in 16 to 32 bytes each, by their hashes.

export interface NameSet {
  has(name: string): boolean;
  add(name: string): void;
}

/**
 * An empty set. It may take a name for another one, which is about as likely as two random numbers of 64 bits are equal;
 * what was added it always has.
 */
export function createNameSet(): NameSet {
  let slots = new Uint32Array(2 * 1024);
  let used = 0;

  /** The index of the hash's slot, or of the free one where it would go. */
  function find(low: number, high: number): number {
    const last = slots.length / 2 - 1;
    for (let at = low & last; ; at = (at + 1) & last) {
      const there = slots[2 * at];
      if (there === 0 || (there === low && slots[2 * at + 1] === high)) return 2 * at;
    }
  }

  function grow(): void {
    const old = slots;
    slots = new Uint32Array(2 * old.length);
    for (let at = 0; at < old.length; at += 2) {
      const [low = 0, high = 0] = [old[at], old[at + 1]];
      if (low !== 0) slots.set([low, high], find(low, high));
    }
  }

  return {
    has(name) {
      const [low, high] = hash(name);
      return slots[find(low, high)] !== 0;
    },
    add(name) {
      const [low, high] = hash(name);
      const at = find(low, high);
      if (slots[at] === 0) used++;
      slots[at] = low;
      slots[at + 1] = high;
      if (4 * used > slots.length) grow();
    },
  };
}

/** Two hashes of 32 bits in the way of FNV-1a; the first is never 0, which marks a free slot. */
function hash(name: string): readonly [low: number, high: number] {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  }
  low ^= low >>> 15;
  high ^= high >>> 13;
  return [low >>> 0 || 1, high >>> 0];
}
