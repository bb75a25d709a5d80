// Asks for a document, and for all of it once more where it breaks off.
import { rest } from "../../../outbound/index.js";
import type { Answer } from "./answer.js";
import { type Asker, ask, pauseOf } from "./ask.js";
import { collect } from "./body.js";
import { isPassing } from "./failures.js";
import type { RegistryRequest } from "./send.js";

/**
 * Reads a document of at most `most` bytes that the answer 200 brings.
 * @throws as `ask` and `collect`
 */
export async function askForDocument(
  asker: Asker,
  request: RegistryRequest,
  most: number,
): Promise<{ readonly answer: Answer; readonly bytes: Buffer }> {
  for (let breaks = 0; ; ) {
    const answer = await ask(asker, request, [200]);
    try {
      return { answer, bytes: await collect(answer, most, asker, asker.patience.wait) };
    } catch (error) {
      if (asker.signal.aborted || !isPassing(error) || breaks >= asker.retries) throw error;
    }
    await rest(pauseOf(breaks++), asker.signal);
  }
}
