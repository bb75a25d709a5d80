// The opaque text by which a client asks for the next page.
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

/** @throws 400 `INVALID_REQUEST` for what is no cursor */
export function readCursor(text: string): PageCursor {
  try {
    return shape.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
  } catch {
    throw new HttpError(400, "INVALID_REQUEST", "cursor: this is none; take `next` of the page before");
  }
}
