// Sends a notification, signed as Standard Webhooks has it (spec/standard-webhooks.md of standard-webhooks).
import { createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import {
  broken,
  forbidden,
  type HostPolicy,
  type RequestKind,
  requestOnce,
  type Wait,
} from "../../outbound/index.js";

/** How notifications are sent. */
export interface PostPolicy extends HostPolicy {
  /** A signature by each is sent. */
  readonly secrets: readonly Buffer[];
  /** Of Stevedore. */
  readonly version: string;
}

/** What is sent. */
interface Notification {
  readonly url: string;
  /** The same at each try. */
  readonly id: string;
  readonly body: string;
}

const callback: RequestKind = {
  flag: "--allow-notify",
  refusal: "CALLBACK_REFUSED",
  failure: "CALLBACK_FAILED",
};

/** How long a receiver may take to answer, in ms. */
const patience = 15_000;
/** How much of its answer is read, which is thrown away, and for how long, in bytes and ms. */
const mostRead = 64 * 1024;
const longestRead = 2_000;

/**
 * Posts a notification once. A redirect is not followed.
 * @throws `CALLBACK_REFUSED` for a host, an address or a URL that is not allowed, and for a receiver that is gone (410);
 * `CALLBACK_FAILED` for any other answer than 2xx, and for none; `CANCELLED`
 */
export async function postNotification(
  { url, id, body }: Notification,
  policy: PostPolicy,
  signal: AbortSignal,
): Promise<void> {
  const target = new URL(url);
  const bytes = Buffer.from(body);
  const timestamp = Math.floor(Date.now() / 1_000);
  const headers = {
    "content-type": "application/json",
    "content-length": String(bytes.length),
    "user-agent": `stevedore/${policy.version}`,
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signaturesOf(policy.secrets, id, timestamp, body),
  };
  const response = await requestOnce(
    target,
    { method: "POST", headers, body: bytes },
    ...([policy, callback, untilLate, signal] as const),
  );
  const { statusCode: status = 0 } = response;
  await discard(response);
  if (status >= 200 && status < 300) return;
  if (status === 410) throw forbidden(target, callback, "its receiver is gone: it answers 410");
  const why = status >= 300 && status < 400 ? ", a redirect, which is not followed" : "";
  throw broken(target, callback, `its receiver answers ${status}${why}`);
}

/** The signatures of a message, one by each secret. @param timestamp in s since the epoch */
export function signaturesOf(
  secrets: readonly Buffer[],
  id: string,
  timestamp: number,
  body: string,
): string {
  return secrets
    .map((secret) => {
      const signature = createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64");
      return `v1,${signature}`;
    })
    .join(" ");
}

const untilLate: Wait = async (url, answer, giveUp) => {
  const late = () =>
    giveUp(broken(url, callback, `its receiver did not answer within ${patience / 1_000} s`));
  const timer = setTimeout(late, patience);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
  }
};

async function discard(response: IncomingMessage): Promise<void> {
  const enough = new AbortController();
  let read = 0;
  response.on("data", (chunk: Buffer) => {
    read += chunk.length;
    if (read > mostRead) enough.abort();
  });
  response.on("close", () => enough.abort());
  await sleep(longestRead, undefined, { signal: enough.signal }).catch(() => undefined);
  response.destroy();
}
