// Reads the body of an answer.
import { broken, shownUrl, type Wait } from "../../../outbound/index.js";
import { StevedoreError } from "../../../terms/index.js";
import type { Answer, Sender } from "./answer.js";
import { explain, markLasting } from "./failures.js";

/**
 * The chunks of an answer's body, each waited for.
 * @throws `INTERNAL` for a connection that breaks, the error of `wait`, `CANCELLED`
 */
export async function* chunksOf(
  { body, shown }: Answer,
  { kind, signal }: Sender,
  wait: Wait,
): AsyncGenerator<Buffer, void, undefined> {
  const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await wait(shown, chunks.next(), (error) => body.destroy(error));
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    throw explain(error, shown, kind, signal);
  } finally {
    body.destroy();
  }
}

/** How long a document may take in all, in ms: one that dribbles is never silent. */
const documentMs = 120_000;

/**
 * Reads a body that is a document.
 * @throws `LIMIT_EXCEEDED` if it has more bytes than `most`; `INTERNAL` if it breaks off or takes too long
 */
export async function collect(answer: Answer, most: number, sender: Sender, wait: Wait): Promise<Buffer> {
  const { shown, body, headers } = answer;
  const begun = performance.now();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    const announced = Number(headers["content-length"] ?? 0);
    if (announced > most) throw tooLong(shown, most);
    for await (const chunk of chunksOf(answer, sender, wait)) {
      size += chunk.length;
      if (size > most) throw tooLong(shown, most);
      if (performance.now() - begun > documentMs) {
        throw markLasting(
          broken(shown, sender.kind, `its document took longer than ${documentMs / 1_000} s`),
        );
      }
      chunks.push(chunk);
    }
  } catch (error) {
    body.destroy();
    throw error;
  }
  return Buffer.concat(chunks);
}

function tooLong(url: URL, most: number): StevedoreError {
  return new StevedoreError("LIMIT_EXCEEDED", `${shownUrl(url)}: its document is longer than ${most} bytes`);
}
