// Leaves blocks to compressors: how many may be away at a time, and what becomes of those that are.
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import {
  blocksAhead,
  type CompressorStatus,
  compressorKeys,
  compressQueue,
  keyPrefix,
  parseCompressorStatus,
  refusalExpiry,
} from "../../jobs/index.js";
import { type BlockInput, canCheckXzBlocks } from "../../layer/index.js";
import { openPayloads, type Payloads } from "../../redis/index.js";
import { defaultRecipe, failureOf, onOneLine, recipes, type XzRecipeName } from "../../terms/index.js";
import type { Log } from "../log.js";
import type { BlockMetrics } from "../telemetry/index.js";
import { openTurnsByUrgency, type Turn, type Urgency, type UrgentWork } from "../turns.js";
import { type BlockEnds, openBlockEnds } from "./block-ends.js";
import { type SentBlock, sendBlock } from "./remote-block.js";

/** What blocks are left to others by. */
interface OffloadOptions {
  readonly redis: Redis;
  /** Where that is, for connections of its own. */
  readonly url: string;
  readonly graphName: string;
  /** The most bytes of blocks that are away at a time. */
  readonly memory: number;
  readonly log: Log;
  readonly metrics: BlockMetrics;
}

/** Blocks that are away. */
export interface Offload {
  /** How many may be away at a time now. */
  limit(): number;
  /** How many are away. */
  away(): number;
  /** Called whenever the limit has changed. */
  onLimit(listener: () => void): void;
  /** Waits until one more may be away, for ever where nobody takes them. @throws `CANCELLED` */
  take(work: UrgentWork, signal: AbortSignal): Promise<Turn>;
  /** Sends a block. It has failed, too, where Redis refuses it or is away. @throws `CANCELLED` */
  send(input: BlockInput, recipe: XzRecipeName, urgency: Urgency, signal: AbortSignal): Promise<SentBlock>;
  /** After how long a block that is away is overdue, in ms. */
  patience(): number;
  /** True once Redis has been away for so long that nothing is to be expected of it soon. */
  isAway(): boolean;
  /** Trusts a compressor no more, and lets it and everybody know. */
  shutOut(compressor: string, what: string): void;
  isShutOut(compressor: string): boolean;
  /** Resolves when nothing of it is left in Redis, if that is there. */
  close(isRedisThere: boolean): Promise<void>;
}

/** How often the statuses of compressors are read while blocks wait or are away, and how long they count, in ms. */
const refreshInterval = 3_000;
const countsFor = 10_000;
/** How long a block must wait before it is asked who could take it, in ms: most wait for no more than a moment. */
const firstLook = 50;
/** How much of its `maxmemory` Redis may use for blocks to be sent there. */
const memoryShare = 0.8;
/** A block and what becomes of it, in bytes. */
const sentBytes = 2 * recipes[defaultRecipe].blockSize;
/** How long nothing is sent after a failure, in ms: twice as long after each that follows. */
const pauses = { first: 500, longest: 60_000 } as const;
/** How long a block may be away before it is known how long they take, and at least, in ms. */
const patience = { first: 30_000, least: 2_000 } as const;
/** How many compressors are shut out before nobody is trusted any more. */
const mostShutOut = 8;
/** How long Redis may be away until its blocks are made here, in ms. */
const longestAbsence = 2_000;

/** Opens nothing before a block waits. */
export function openOffload(options: OffloadOptions): Offload {
  const { redis, url, graphName, memory, log, metrics } = options;
  const keys = compressorKeys(graphName);
  const blocks = Math.floor(memory / recipes[defaultRecipe].blockSize);
  const shutOut = new Set<string>();
  const cleaning = new Set<Promise<unknown>>();
  const listeners: (() => void)[] = [];
  let opened: Promise<Opened | undefined> | undefined;
  let isClosed = false;
  /** Blocks that compressors take at a time, and those that Redis has memory for, when they were last asked for. */
  let known = { at: Number.NEGATIVE_INFINITY, slots: 0, fitting: 0 };
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let pausedUntil = 0;
  let usual: number | undefined;
  let awaySince: number | undefined;

  const limit = () => {
    const now = performance.now();
    const mayNot = isClosed || now - known.at > countsFor || now < pausedUntil || redis.status !== "ready";
    return mayNot || shutOut.size >= mostShutOut ? 0 : Math.min(known.slots, known.fitting, blocks);
  };
  const turns = openTurnsByUrgency(limit);
  const changed = () => {
    turns.serve();
    for (const listener of listeners) listener();
  };

  const open = async (): Promise<Opened | undefined> => {
    if (!(await canCheckXzBlocks())) {
      log("blocks are not left to compressors: lzma-native cannot be loaded, which checks them", {
        level: "warn",
      });
      return undefined;
    }
    const queue = new Queue(compressQueue, { connection: redis, prefix: keyPrefix(graphName) });
    queue.on("error", () => undefined);
    return {
      queue,
      payloads: openPayloads(url, keyPrefix(graphName)),
      ends: await openBlockEnds(redis, url, graphName),
    };
  };
  const refresh = async () => {
    if (redis.status !== "ready") return;
    const slots = await slotsOf(redis, graphName, shutOut);
    if (slots === 0) {
      known = { at: performance.now(), slots, fitting: 0 };
      return;
    }
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    const connections = await opened;
    const free = (await connections?.payloads.bytesFree(memoryShare)) ?? 0;
    known = { at: performance.now(), slots, fitting: turns.taken() + Math.floor(free / sentBytes) };
    await connections?.ends.findVanished();
  };
  const look = (after: number) => {
    if (timer !== undefined || isClosed || blocks === 0) return;
    timer = setTimeout(async () => {
      const isWanted = turns.waiting() + turns.taken() > 0;
      if (isWanted) await refresh().catch(() => undefined);
      timer = undefined;
      if (!isWanted) return;
      changed();
      look(refreshInterval);
    }, after);
  };
  const onClose = () => {
    awaySince ??= performance.now();
  };
  const onReady = () => {
    awaySince = undefined;
  };
  redis.on("close", onClose);
  redis.on("ready", onReady);

  const failed = (what: string) => {
    const pause = Math.min(pauses.first * 2 ** failures, pauses.longest);
    pausedUntil = performance.now() + pause;
    setTimeout(changed, pause + 1).unref();
    if (failures === 0)
      log(onOneLine(`a block that was left to compressors is made here: ${what}`, 500), { level: "warn" });
    failures++;
  };
  return {
    limit,
    away: turns.taken,
    onLimit: (listener) => listeners.push(listener),
    async take(work, signal) {
      // Where nobody was there the last time somebody may be by now, and it costs one command a block to know.
      look(known.slots === 0 || performance.now() - known.at > countsFor ? firstLook : refreshInterval);
      return await turns.take(work, 1, signal);
    },
    async send(input, recipe, urgency, signal) {
      const begun = performance.now();
      metrics.sent(input.data.length);
      try {
        const connections = await opened;
        if (connections === undefined) return { outcome: "failed", what: "there is no connection" };
        const post = { redis, graphName, ...connections, cleaning: clean };
        const answer = await sendBlock(input, recipe, urgency, post, signal);
        const isTrusted = answer.outcome !== "made" || !shutOut.has(answer.compressor);
        const sent = isTrusted
          ? answer
          : ({ outcome: "failed", what: "its compressor is shut out" } as const);
        if (sent.outcome === "made") {
          const took = performance.now() - begun;
          usual = usual === undefined ? took : usual + (took - usual) / 8;
          failures = 0;
        } else {
          failed(sent.what);
        }
        return sent;
      } catch (error) {
        if (signal.aborted) throw error;
        const what = failureOf(error).message;
        failed(what);
        return { outcome: "failed", what };
      }
    },
    patience: () => (usual === undefined ? patience.first : Math.max(patience.least, 2 * usual)),
    isAway: () => awaySince !== undefined && performance.now() - awaySince > longestAbsence,
    shutOut(compressor, what) {
      if (shutOut.has(compressor)) return;
      shutOut.add(compressor);
      metrics.shutOut();
      log(onOneLine(`the compressor ${compressor} is shut out: ${what}`, 500), { level: "warn" });
      // Until it stops, it takes more.
      known = { ...known, at: Number.NEGATIVE_INFINITY };
      look(firstLook);
      clean(redis.set(keys.refusal(compressor), what.slice(0, 500), "PX", refusalExpiry));
    },
    isShutOut: (compressor) => shutOut.has(compressor),
    async close(isRedisThere) {
      isClosed = true;
      clearTimeout(timer);
      redis.off("close", onClose);
      redis.off("ready", onReady);
      const connections = await opened?.catch(() => undefined);
      if (isRedisThere) await Promise.allSettled(cleaning);
      connections?.ends.close();
      connections?.payloads.close();
      await connections?.queue.close();
    },
  };

  function clean(removal: Promise<unknown>): void {
    const done: Promise<unknown> = removal.then(
      () => cleaning.delete(done),
      // What is left expires, or fails at once.
      () => cleaning.delete(done),
    );
    cleaning.add(done);
  }
}

interface Opened {
  readonly queue: Queue;
  readonly payloads: Payloads;
  readonly ends: BlockEnds;
}

/**
 * The blocks that compressors take at a time, by the slots that they have reported lately; but for those that are shut
 * out. @throws Redis's error
 */
async function slotsOf(redis: Redis, graphName: string, shutOut: ReadonlySet<string>): Promise<number> {
  const keys = compressorKeys(graphName);
  const ids = await redis.zrange(keys.ids, "0", "-1");
  if (ids.length === 0) return 0;
  const texts = await redis.mget(ids.map(keys.of));
  return texts
    .flatMap((text) => (text === null ? [] : (parseCompressorStatus(text) ?? [])))
    .filter(({ id }) => !shutOut.has(id))
    .reduce((sum, { slots }: CompressorStatus) => sum + slots.total + blocksAhead, 0);
}
