// The bytes of a blob that is sent, cut into the bodies of requests.
import type { Readable } from "node:stream";
import { StevedoreError } from "../../terms/index.js";

/** A blob's bytes from some place on. */
export interface UploadSource {
  /** The next bytes, exactly so many. @throws the error of the stream; `INTERNAL` if it ends before */
  take(length: number): AsyncGenerator<Buffer, void, undefined>;
  /** @throws `INTERNAL` if there are more bytes */
  assertEnd(): Promise<void>;
  /** The error of the stream, and that of another length: not of what takes it. */
  readonly failure: unknown;
  close(): void;
}

/** Reads a stream in pieces. */
export function cutStream(stream: Readable): UploadSource {
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  let rest: Buffer | undefined;
  let failure: unknown;
  const next = async (): Promise<Buffer | undefined> => {
    try {
      const chunk = rest ?? (await chunks.next()).value;
      rest = undefined;
      return chunk as Buffer | undefined;
    } catch (error) {
      throw fail(error);
    }
  };
  const fail = (error: unknown) => {
    failure = error;
    return error;
  };
  return {
    get failure() {
      return failure;
    },
    async *take(length) {
      for (let left = length; left > 0; ) {
        const chunk = await next();
        if (chunk === undefined) throw fail(differs("fewer"));
        if (chunk.length > left) rest = chunk.subarray(left);
        const piece = chunk.subarray(0, left);
        left -= piece.length;
        yield piece;
      }
    },
    async assertEnd() {
      const chunk = await next();
      if (chunk !== undefined) throw fail(differs("more"));
    },
    close() {
      stream.on("error", () => undefined);
      stream.destroy();
    },
  };
}

/** Reads a small blob whole. @throws as `take` and `assertEnd` */
export async function readWhole(stream: Readable, size: number): Promise<Buffer> {
  const source = cutStream(stream);
  try {
    const pieces: Buffer[] = [];
    for await (const piece of source.take(size)) pieces.push(piece);
    await source.assertEnd();
    return Buffer.concat(pieces);
  } finally {
    source.close();
  }
}

function differs(which: "fewer" | "more"): StevedoreError {
  return new StevedoreError("INTERNAL", `a blob that is sent has ${which} bytes than its descriptor says`);
}
