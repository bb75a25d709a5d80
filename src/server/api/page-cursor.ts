// The cursor by which a client asks for the next page: opaque text.
import { z } from "zod";
import type { PageCursor } from "../../producer/index.js";
import { HttpError } from "../problem.js";

const shape = z.strictObject({
  age: z.number(),
  last: z.record(z.string(), z.tuple([z.string(), z.number()])),
});

export function writeCursor(cursor: PageCursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString("base64url");
}

/** @throws 400 `INVALID_REQUEST` for text that is not a valid cursor */
export function readCursor(text: string): PageCursor {
  try {
    return shape.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
  } catch {
    throw new HttpError(
      400,
      "INVALID_REQUEST",
      "cursor: this is not a valid cursor; take `next` of the previous page",
    );
  }
}
