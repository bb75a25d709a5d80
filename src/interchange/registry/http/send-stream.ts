// Sends a request whose body is made while it is sent. The server is waited for from chunk to chunk, and the time that the
// chunks take to be made is not counted.
import type { Wait } from "../../../outbound/index.js";
import type { Answer, Sender } from "./answer.js";
import { type RegistryRequest, sendOnce } from "./send.js";

/** As `sendOnce`. @throws what `chunks` throws, too */
export async function sendStream(
  sender: Sender,
  request: Omit<RegistryRequest, "body">,
  chunks: AsyncIterable<Buffer>,
  wait: Wait,
): Promise<Answer> {
  let giveUp: (error: Error) => void = () => undefined;
  let bodyEnded: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    bodyEnded = resolve;
  });
  let failure: { readonly error: unknown } | undefined;

  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    try {
      for await (const chunk of chunks) {
        let taken: () => void = () => undefined;
        const took = new Promise<void>((resolve) => {
          taken = resolve;
        });
        void wait(request.shown ?? request.url, took, giveUp);
        try {
          yield chunk;
        } finally {
          taken();
        }
      }
    } catch (error) {
      failure = { error };
      throw error;
    } finally {
      bodyEnded();
    }
  }

  const afterBody: Wait = async (url, answer, abort) => {
    giveUp = abort;
    await Promise.race([ended, answer]);
    return wait(url, answer, abort);
  };
  try {
    return await sendOnce(sender, { ...request, body: body() }, afterBody);
  } catch (error) {
    throw failure === undefined ? error : failure.error;
  }
}
