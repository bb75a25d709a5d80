// One block that a compressor makes: it is sent there by Redis, and what comes back is checked.
import { createHash, randomBytes } from "node:crypto";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { openTurns } from "../../disk/index.js";
import {
  type CompressData,
  compressQueue,
  largestOutput,
  parseCompressResult,
  payloadExpiry,
  payloadKey,
  payloadKeys,
} from "../../jobs/index.js";
import { type BlockInput, checkXzBlock, type XzBlock } from "../../layer/index.js";
import { removeRecord } from "../../producer/index.js";
import type { Payloads } from "../../redis/index.js";
import { cancelled, failureOf, onOneLine, throwIfAborted, type XzRecipeName } from "../../terms/index.js";
import type { Urgency } from "../turns.js";
import type { BlockEnds } from "./block-ends.js";

/** What blocks are sent by. */
export interface BlockPost {
  readonly redis: Redis;
  readonly graphName: string;
  readonly queue: Queue;
  readonly payloads: Payloads;
  readonly ends: BlockEnds;
  /** Awaited before the worker ends. */
  cleaning(removal: Promise<unknown>): void;
}

/**
 * Blocks that are on their way at a time, out and in: each of them is in memory twice until it is there, and one that
 * comes in is decoded.
 */
const mostOnTheWay = 2;
const sending = openTurns(mostOnTheWay);
const receiving = openTurns(mostOnTheWay);

/** What became of a block that was sent. */
export type SentBlock =
  | { readonly outcome: "made"; readonly block: XzBlock; readonly compressor: string }
  /** A compressor answered something else than the block. */
  | { readonly outcome: "wrong"; readonly what: string; readonly compressor: string | undefined }
  /** Nobody made it. */
  | { readonly outcome: "failed"; readonly what: string };

/**
 * Sends a block, and takes what comes back once it decodes to the block. Leaves nothing in Redis.
 * @throws Redis's errors, `CANCELLED`
 */
export async function sendBlock(
  input: BlockInput,
  recipe: XzRecipeName,
  urgency: Urgency,
  post: BlockPost,
  signal: AbortSignal,
): Promise<SentBlock> {
  const { redis, graphName, queue, payloads, ends } = post;
  const token = randomBytes(16).toString("hex");
  const key = payloadKey(graphName, token);
  const keys = payloadKeys(key);
  // With a letter: BullMQ takes no number for an id.
  const jobId = `b${token}`;
  let hasEnded = false;
  /** What is on its way to Redis: what removes it must come behind. */
  let laid: Promise<unknown> = Promise.resolve();
  let added: Promise<unknown> = Promise.resolve();
  const send = async (): Promise<SentBlock> => {
    const ended = ends.of(jobId);
    {
      using _turn = await sending(signal);
      laid = payloads.set(keys.input, input.data, payloadExpiry);
      await laid;
    }
    throwIfAborted(signal);
    const data: CompressData = { key, length: input.data.length, recipe, digest: input.digest };
    added = queue.add(compressQueue, data, {
      ...{ jobId, removeOnComplete: true, removeOnFail: true },
      ...(urgency === "batch" ? { priority: 1 } : {}),
    });
    await added;
    const end = await ended;
    hasEnded = end.state !== "gone";
    if (end.state === "gone") return { outcome: "failed", what: "its job is gone" };
    if (end.state === "failed") return { outcome: "failed", what: onOneLine(end.reason, 300) };
    return await receive(end.result, keys.output, input, payloads, signal);
  };
  try {
    return await untilAborted(send(), signal);
  } finally {
    ends.forget(jobId);
    post.cleaning(laid.catch(() => undefined).then(() => payloads.remove(keys.input, keys.output)));
    // By force: a compressor may hold it that hangs. One that does not gives it up when it cannot renew its lock.
    if (!hasEnded) post.cleaning(added.catch(() => undefined).then(() => removeRecord(redis, queue, jobId)));
  }
}

async function receive(
  answer: unknown,
  key: string,
  input: BlockInput,
  payloads: Payloads,
  signal: AbortSignal,
): Promise<SentBlock> {
  const result = parseCompressResult(answer);
  const compressor = result?.compressor;
  const wrong = (what: string): SentBlock => ({ outcome: "wrong", what, compressor });
  if (result === undefined) return wrong("it answered what is no result");
  // Asked before it is read: it may be of any size.
  const length = await payloads.length(key);
  if (length === 0) return { outcome: "failed", what: `what ${result.compressor} made of it is gone` };
  if (length !== result.length) return wrong(`it told of ${result.length} bytes, and left ${length}`);
  if (length > largestOutput(input.data.length))
    return wrong(`it made ${length} bytes of ${input.data.length}`);
  using _turn = await receiving(signal);
  const bytes = await payloads.get(key);
  if (bytes === undefined) return { outcome: "failed", what: `what ${result.compressor} made of it is gone` };
  if (createHash("sha256").update(bytes).digest("hex") !== result.digest) {
    return wrong("it left bytes of another sha256 than it told");
  }
  try {
    return {
      outcome: "made",
      block: await checkXzBlock(bytes, input, signal),
      compressor: result.compressor,
    };
  } catch (error) {
    throwIfAborted(signal);
    return wrong(failureOf(error).message);
  }
}

/** @throws `CANCELLED` as soon as the signal says so, also where the work itself would wait for Redis */
async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(cancelled(signal));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
