// Walks the entries of an archive that GNU tar itself has just written in its posix format, as the bytes go by. For
// archives that nobody vouches for there is the inspector.
import { StevedoreError } from "../../terms/index.js";
import { blockSize, isZeroBlock, readHeader, type TarHeader } from "./header.js";
import { type PaxRecord, readPaxRecords } from "./pax.js";

/** What is told of the entries, in the archive's order. */
export interface EntryListener {
  /** An entry begins. `records` are those of its extended header, `bodyBytes` the bytes that follow. */
  begin(header: TarHeader, block: Buffer, records: readonly PaxRecord[], bodyBytes: number): void;
  /** A piece of the entry's body, without padding. It is the reader's only until this returns. */
  body(piece: Buffer): void;
  /** The entry has come whole. */
  end(): void;
}

/** A push parser. */
export interface EntryReader {
  /**
   * Takes the next bytes of the archive, cut anywhere, and does not keep or change them.
   * @throws `BAD_ARCHIVE` for what is no such archive
   */
  accept(chunk: Buffer): void;
  /** To be called where the archive ends. @throws `BAD_ARCHIVE` if that is not between two entries */
  finish(): void;
}

/** Types whose size counts bytes that follow; the extended header `x` besides. */
const withBody = new Set(["0", "7"]);

/** A reader at the beginning of an archive. Memory is that of one extended header. */
export function createEntryReader(listener: EntryListener): EntryReader {
  /** The beginning of a header block or of an extended header, if a chunk ended inside it. */
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** The extended header that is being read: its bytes without and with padding. */
  let extended: { readonly size: number; readonly padded: number } | undefined;
  let records: readonly PaxRecord[] = [];
  let body = 0;
  let padding = 0;

  const takeWhole = (whole: Buffer) => {
    if (extended !== undefined) {
      // The values are kept until the entry's end, longer than the chunk they may lie in.
      records = readPaxRecords(Buffer.from(whole.subarray(0, extended.size)));
      extended = undefined;
      return;
    }
    if (isZeroBlock(whole)) return;
    const header = readHeader(whole);
    if (header.type === "x") {
      extended = { size: header.size, padded: padded(header.size) };
      return;
    }
    const size = records.find(({ keyword }) => keyword === "size")?.value.toString("latin1");
    body = withBody.has(header.type) ? Number(size ?? header.size) : 0;
    padding = padded(body) - body;
    listener.begin(header, whole, records, body);
    records = [];
    if (body === 0) listener.end();
  };

  return {
    accept(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (body > 0) {
          const piece = chunk.subarray(at, at + body);
          at += piece.length;
          body -= piece.length;
          listener.body(piece);
          if (body === 0) listener.end();
        } else if (padding > 0) {
          const step = Math.min(padding, chunk.length - at);
          at += step;
          padding -= step;
        } else {
          const wanted = extended?.padded ?? blockSize;
          const piece = chunk.subarray(at, at + wanted - heldBytes);
          at += piece.length;
          if (heldBytes + piece.length < wanted) {
            held.push(Buffer.from(piece));
            heldBytes += piece.length;
          } else {
            const whole = heldBytes === 0 ? piece : Buffer.concat([...held, piece]);
            held = [];
            heldBytes = 0;
            takeWhole(whole);
          }
        }
      }
    },
    finish() {
      if (body + padding + heldBytes === 0 && extended === undefined && records.length === 0) return;
      throw new StevedoreError("BAD_ARCHIVE", "the archive is cut short");
    },
  };
}

function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}
