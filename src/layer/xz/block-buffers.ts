// Memory for the inputs of large blocks, used again and again: what is allocated anew for each is given back to the system
// late, and leaves gaps in the heap. A process held several hundred MiB so.

/** Fewer bytes are no trouble. */
const large = 1024 * 1024;
/** Buffers that are kept for the next blocks while streams are compressed. */
const mostKept = 16;

/** The bytes of a block that is being read. */
export interface BlockBuffer {
  readonly size: () => number;
  /** Adds bytes, which are copied or kept. */
  add(bytes: Buffer): void;
  /** The bytes, which stand only until `release`. */
  data(): Buffer;
  /** Gives the memory back. */
  release(): void;
}

/** The memory of one stream. */
export interface BlockBuffers extends Disposable {
  /** @param blockSize the most bytes that are added */
  open(blockSize: number): BlockBuffer;
}

let free: Buffer[] = [];
let streams = 0;

/** Opens the memory for a stream. With the last of the streams of this process all that is kept is let go. */
export function openBlockBuffers(): BlockBuffers {
  streams++;
  return {
    open,
    [Symbol.dispose]() {
      streams--;
      if (streams === 0) free = [];
    },
  };
}

function open(blockSize: number): BlockBuffer {
  let chunks: Buffer[] = [];
  let size = 0;
  let whole: Buffer | undefined;
  return {
    size: () => size,
    add(bytes) {
      if (whole === undefined && size + bytes.length > large) {
        whole = take(blockSize);
        Buffer.concat(chunks, size).copy(whole);
        chunks = [];
      }
      if (whole === undefined) chunks.push(bytes);
      else bytes.copy(whole, size);
      size += bytes.length;
    },
    data: () => whole?.subarray(0, size) ?? Buffer.concat(chunks, size),
    release() {
      if (whole !== undefined && streams > 0 && free.length < mostKept) free.push(whole);
      whole = undefined;
      chunks = [];
    },
  };
}

function take(blockSize: number): Buffer {
  const at = free.findIndex(({ length }) => length === blockSize);
  const [found] = at < 0 ? [] : free.splice(at, 1);
  return found ?? Buffer.allocUnsafeSlow(blockSize);
}
