// The bytes of an archive that tar has not got yet: the last ones of a chunk may have to wait for the next chunk. On
// their way to tar some are replaced.
import type { Edit } from "./tar/index.js";

/** Pieces up to this size are put together: to copy them costs less than to pass them on one by one. */
const smallPiece = 2 * 1024;

export interface HeldBytes {
  /** Takes the next bytes of the archive. They are not changed. */
  push(chunk: Buffer): void;
  /** Has these parts replaced when they are released. They come in the archive's order. */
  edit(edits: readonly Edit[]): void;
  /** Takes out all bytes before the position `upTo` of the archive, with what replaces some of them. */
  release(upTo: number): Buffer[];
}

/** Nothing is held yet. */
export function createHeldBytes(): HeldBytes {
  let chunks: Buffer[] = [];
  let released = 0;
  let edits: Edit[] = [];
  /** The first of `edits` that is not behind us. */
  let next = 0;

  /** Yields the piece that lies at the position `released`, edited. */
  function* edited(piece: Buffer): Generator<Buffer> {
    const end = released + piece.length;
    let at = released;
    for (let edit = edits[next]; edit !== undefined && edit.from < end; edit = edits[next]) {
      if (edit.from > at) yield piece.subarray(at - released, edit.from - released);
      if (edit.bytes.length > 0) yield edit.bytes;
      at = Math.min(edit.to, end);
      if (edit.to > end) {
        edits[next] = { from: end, to: edit.to, bytes: nothing };
        break;
      }
      next++;
    }
    if (at < end) yield piece.subarray(at - released);
    released = end;
  }

  return {
    push(chunk) {
      chunks.push(chunk);
    },
    edit(more) {
      if (next === edits.length) {
        edits = [];
        next = 0;
      }
      for (const edit of more) edits.push(edit);
    },
    release(upTo) {
      const pieces: Buffer[] = [];
      const kept: Buffer[] = [];
      for (const chunk of chunks) {
        const piece = chunk.subarray(0, Math.max(0, upTo - released));
        if (piece.length < chunk.length) kept.push(chunk.subarray(piece.length));
        if (piece.length > 0) pieces.push(...edited(piece));
      }
      chunks = kept;
      return joinSmall(pieces);
    },
  };
}

const nothing = Buffer.alloc(0);

/** The same bytes, with neighbouring small pieces put together. */
function joinSmall(pieces: readonly Buffer[]): Buffer[] {
  if (pieces.length < 2) return [...pieces];
  const joined: Buffer[] = [];
  let small: Buffer[] = [];
  const flush = () => {
    if (small.length > 0) joined.push(small.length === 1 ? (small[0] as Buffer) : Buffer.concat(small));
    small = [];
  };
  for (const piece of pieces) {
    if (piece.length <= smallPiece) {
      small.push(piece);
    } else {
      flush();
      joined.push(piece);
    }
  }
  flush();
  return joined;
}
