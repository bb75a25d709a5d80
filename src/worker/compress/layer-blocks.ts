// Makes the blocks of one layer: by a thread of this process, or by a compressor, whichever is free first; and by a thread
// after all where the compressor is late.
import { setTimeout as sleep } from "node:timers/promises";
import type { BlockInput, XzBlock, XzEngine, XzSettings } from "../../layer/index.js";
import { StevedoreError, type XzRecipeName } from "../../terms/index.js";
import type { CpuBudget } from "../cpu-budget.js";
import type { BlockMetrics } from "../telemetry/index.js";
import { type Turn, takeEither, type UrgentWork } from "../turns.js";
import type { Offload } from "./offload.js";
import type { SentBlock } from "./remote-block.js";

/** What makes the blocks of all layers. */
export interface BlockMakers {
  readonly cpu: CpuBudget;
  /** The engine, once it is known to make the right bytes. */
  engine(): Promise<XzEngine>;
  readonly offload: Offload;
  readonly metrics: BlockMetrics;
  /** Which share of the blocks that compressors made is made here again, to compare. */
  readonly checkedShare: number;
}

/** That blocks of a layer may be left to compressors. */
export interface Offer {
  readonly recipe: XzRecipeName;
  /** Of the layer's job. */
  readonly signal: AbortSignal;
}

/** The blocks of one layer. */
export interface LayerBlocks {
  /**
   * Makes a block.
   * @throws `DistrustedBlocks`; what the engine throws; `CANCELLED`
   */
  make(input: BlockInput, settings: XzSettings, signal: AbortSignal): Promise<XzBlock>;
  /** No more blocks come: those that are away are made by threads that have nothing else to do. */
  inputEnded(): void;
  /** How many compressors have made. */
  remote(): number;
  /** Resolves when the blocks that are made again have been compared. @throws `DistrustedBlocks` */
  checked(): Promise<void>;
}

/** The blocks of a layer have to be made anew: they came in part from a compressor that has made wrong ones. */
export class DistrustedBlocks extends StevedoreError {
  constructor() {
    super("INTERNAL", "a compressor that made blocks of this layer has made wrong ones");
  }
}

/** Blocks of fewer bytes are not worth the way. */
const leastSent = 64 * 1024;
/** How often it is looked whether a block that is away is late, in ms. */
const lookInterval = 250;

/** @param offer undefined for a layer whose blocks are made here alone */
export function openLayerBlocks(
  makers: BlockMakers,
  work: UrgentWork,
  offer: Offer | undefined,
): LayerBlocks {
  const { cpu, engine, offload, metrics, checkedShare } = makers;
  /** The compressors of which blocks were taken. */
  const trusted = new Set<string>();
  const checks = new Set<Promise<void>>();
  let remote = 0;
  let hasEnded = false;

  const assertTrusted = () => {
    for (const compressor of trusted) if (offload.isShutOut(compressor)) throw new DistrustedBlocks();
  };
  const here = async (
    input: BlockInput,
    settings: XzSettings,
    take: (signal: AbortSignal) => Promise<Turn>,
    signal: AbortSignal,
  ) => {
    const verified = await engine();
    using _thread = await take(signal);
    return await verified.compress(input, settings, signal);
  };
  const own = (signal: AbortSignal) => cpu.takeOne(work, signal);
  const keep = (block: XzBlock): XzBlock => {
    metrics.made("own", block.uncompressedSize);
    return block;
  };
  /** Takes what a compressor made; undefined if it made nothing, or must not be trusted. */
  const accept = (sent: SentBlock, input: BlockInput, settings: XzSettings): XzBlock | undefined => {
    if (sent.outcome !== "made") {
      metrics.lost(sent.outcome);
      if (sent.outcome === "wrong" && sent.compressor !== undefined) {
        offload.shutOut(sent.compressor, sent.what);
        assertTrusted();
      }
      return undefined;
    }
    const { block, compressor } = sent;
    trusted.add(compressor);
    remote++;
    metrics.made("compressor", block.uncompressedSize);
    if (Math.random() < checkedShare) check(input, settings, block, compressor);
    return block;
  };
  const check = (input: BlockInput, settings: XzSettings, block: XzBlock, compressor: string) => {
    const signal = offer?.signal ?? new AbortController().signal;
    const checking = here(input, settings, own, signal).then(({ bytes }) => {
      if (bytes.equals(block.bytes)) return;
      offload.shutOut(compressor, "it made a block that decodes to its input and is another than it must be");
    });
    const ended = checking.finally(() => checks.delete(ended));
    // One that was cancelled is of a layer that is not finished.
    ended.catch(() => undefined);
    checks.add(ended);
  };

  /** Sends a block away, and makes it here if nothing comes of that in time: whatever is first is taken. */
  const away = async (
    input: BlockInput,
    settings: XzSettings,
    { recipe }: Offer,
    slot: Turn,
    signal: AbortSignal,
  ): Promise<XzBlock> => {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const begun = performance.now();
    const elapsed = () => performance.now() - begun;
    let isLost = false;
    const isUrgent = () => isLost || offload.isAway() || elapsed() > offload.patience();
    const again: UrgentWork = {
      urgency: work.urgency,
      // At the end the one that has the longest way to go is made first.
      remaining: () => (isUrgent() ? work.remaining() : elapsed()),
      isSpare: () => !isUrgent(),
    };
    const takeBack = async (): Promise<XzBlock> => {
      while (!hasEnded && !isUrgent()) await sleep(lookInterval, undefined, { signal: either });
      return keep(await here(input, settings, (wanted) => cpu.takeOne(again, wanted), either));
    };
    const sent = (async () => {
      using _slot = slot;
      const answer = await offload.send(input, recipe, work.urgency, either);
      // It was made here meanwhile.
      return either.aborted ? undefined : accept(answer, input, settings);
    })();
    const back = takeBack();
    back.catch(() => undefined);
    try {
      const first = await Promise.race([sent, back.then(tookBack, () => sent)]);
      if (first !== undefined) return first;
      isLost = true;
      return await back;
    } finally {
      stop.abort();
      await Promise.allSettled([sent, back]);
    }
  };
  const tookBack = (block: XzBlock): XzBlock => {
    metrics.lost("taken-back");
    return block;
  };

  return {
    remote: () => remote,
    inputEnded() {
      hasEnded = true;
    },
    async make(input, settings, signal) {
      assertTrusted();
      if (offer === undefined || input.data.length < leastSent) {
        return keep(await here(input, settings, own, signal));
      }
      const verified = await engine();
      let slot: Turn | undefined;
      const taken = await takeEither(
        [own, async (either) => (slot = await offload.take(work, either))],
        signal,
      );
      if (slot === taken) return await away(input, settings, offer, slot, signal);
      using _thread = taken;
      return keep(await verified.compress(input, settings, signal));
    },
    async checked() {
      await Promise.all(checks);
      assertTrusted();
    },
  };
}
