// Writes a tar-split while the archive goes by: of each file of the layer its name, size and checksum, and all other
// bytes as they are.
import type { PlacedEntry } from "../tar/index.js";
import { createCrc64 } from "./crc64.js";
import type { KeptBodies } from "./kept-bodies.js";
import { openSplitFile, type SplitFile } from "./split-file.js";

/** Takes an archive in. */
export interface SplitWriter extends AsyncDisposable {
  /** Tells of an entry before the bytes of its body come to `accept`, and after all bytes before its header. */
  place(entry: PlacedEntry): void;
  /**
   * Takes the next bytes of the archive; resolves when it may have more.
   * @throws `NO_SPACE`, `INTERNAL`
   */
  accept(chunk: Buffer): Promise<void>;
  /**
   * Completes the file. It is of use only if this resolves to true: not if it would have had to hold too much, nor if
   * bodies were taken for kept that are not.
   * @throws as `accept`
   */
  finish(): Promise<boolean>;
}

/**
 * How many bytes it may hold besides the content of the layer's files: some for the headers of each entry, and many for
 * the bodies that the layer does not keep, and for what stands behind the archive's end.
 */
const mostHeaderBytes = 4 * 1024;
const mostOtherBytes = 64 * 1024 * 1024;
/** The longest segment, in bytes. */
const longestSegment = 1024 * 1024;

/**
 * Begins a tar-split at a path where nothing lies yet, mode 0600. The caller disposes of the writer in any case, and
 * removes the file where it is of no use.
 * @throws `NO_SPACE`, `INTERNAL`
 */
export async function openSplitWriter(path: string, bodies: KeptBodies): Promise<SplitWriter> {
  const file = await openSplitFile(path);
  return { ...splitInto(file, bodies), [Symbol.asyncDispose]: file.close };
}

function splitInto(file: SplitFile, bodies: KeptBodies) {
  const crc = createCrc64();
  let position = 0;
  let held = 0;
  let mayHold = mostOtherBytes;
  /** The bodies that come next; the first may be under way. */
  let coming: PlacedEntry[] = [];
  let next = 0;
  /** What is to come of the body that is under way. */
  let left = 0;
  let segment: Buffer[] = [];
  let segmentBytes = 0;

  const isOfNoUse = () => held > mayHold || bodies.replaced !== undefined;

  function flushSegment(): void {
    if (segmentBytes === 0) return;
    const [first = Buffer.alloc(0)] = segment;
    file.add({ kind: "segment", bytes: segment.length === 1 ? first : Buffer.concat(segment) });
    segment = [];
    segmentBytes = 0;
  }

  function takeSegment(piece: Buffer): void {
    held += piece.length;
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + longestSegment - segmentBytes);
      segment.push(part);
      segmentBytes += part.length;
      at += part.length;
      if (segmentBytes === longestSegment) flushSegment();
    }
  }

  /** Returns how many bytes of the body it took. */
  function takeBody(entry: PlacedEntry, bytes: Buffer): number {
    const piece = bytes.subarray(0, left);
    crc.update(piece);
    left -= piece.length;
    if (left > 0) return piece.length;
    const { name, size } = entry;
    file.add({ kind: "file", name, size, crc: crc.digest() });
    next++;
    return piece.length;
  }

  function take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const entry = coming[next];
      if (entry !== undefined && left > 0) {
        at += takeBody(entry, chunk.subarray(at));
        continue;
      }
      const until = entry === undefined ? chunk.length : Math.min(entry.bodyAt - position, chunk.length);
      takeSegment(chunk.subarray(at, until));
      at = until;
      if (entry === undefined || position + at < entry.bodyAt) continue;
      flushSegment();
      crc.begin();
      left = entry.size;
    }
  }

  return {
    place(entry: PlacedEntry) {
      mayHold += mostHeaderBytes;
      if (bodies.keeps(entry)) coming.push(entry);
    },
    async accept(chunk: Buffer) {
      if (isOfNoUse()) {
        coming = [];
        return;
      }
      take(chunk);
      position += chunk.length;
      coming = coming.slice(next);
      next = 0;
      await file.ready();
    },
    async finish() {
      if (isOfNoUse()) return false;
      flushSegment();
      await file.end();
      return true;
    },
  };
}
