// Sends requests that fetch would not, and reads what comes of them: all of it, or the beginning of a stream.
import { request } from "node:http";

export interface HttpRequest {
  readonly method: string;
  /** As it goes over the line, with the query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** False for a stream that was left before its end. */
  readonly isWhole: boolean;
}

/** How much of an answer is read, in bytes. */
const most = 32 * 1024 ** 2;
/** How long event streams are listened to, in ms. */
const listening = 300;
/** How long an answer may take, in ms. Jobs are waited for up to five seconds; the machine may be busy. */
export const patience = 60_000;

/**
 * Sends a request over a connection of its own.
 * @returns what comes back; undefined if the connection was closed without an answer, or before the body was sent
 * @throws if there is no answer after `patience`
 */
export function send(
  url: string,
  { method, target, headers, body }: HttpRequest,
): Promise<HttpAnswer | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ hostname, port, method, path: target, agent: false },
      headers: { ...(body === undefined ? {} : { "content-length": body.length }), ...headers },
    });
    const timer = setTimeout(() => {
      sent.destroy();
      reject(new Error(`no answer within ${patience} ms`));
    }, patience);
    const end = (answer: HttpAnswer | undefined) => {
      clearTimeout(timer);
      sent.destroy();
      resolve(answer);
    };
    let hasAnswer = false;
    sent.on("response", (response) => {
      hasAnswer = true;
      const chunks: Buffer[] = [];
      let size = 0;
      const answer = (isWhole: boolean) => ({
        ...{ status: response.statusCode ?? 0, headers: response.headers },
        ...{ body: Buffer.concat(chunks), isWhole },
      });
      const isStream = response.headers["content-type"]?.startsWith("text/event-stream") === true;
      const left = isStream ? setTimeout(() => end(answer(false)), listening) : undefined;
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > most) end(answer(false));
      });
      response.on("error", () => end(answer(false)));
      response.on("close", () => {
        clearTimeout(left);
        end(answer(response.complete));
      });
    });
    // An answer that came before the connection broke ends by itself.
    sent.on("error", () => hasAnswer || end(undefined));
    sent.end(body);
  });
}
