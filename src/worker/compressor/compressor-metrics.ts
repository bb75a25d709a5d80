// The metrics of one compressor (docs/observability.md). They are read from its status.
import { Counter, Gauge, Registry } from "prom-client";
import type { XzEngine } from "../../layer/index.js";
import { processMetrics } from "../telemetry/index.js";

/** What became of a block: `lost` is one that its owner took back, or whose lock was lost. */
const outcomes = ["completed", "failed", "returned", "lost"] as const;
export type BlockOutcome = (typeof outcomes)[number];

export interface CompressorMetrics {
  /** Counts a block that is done with. */
  ended(outcome: BlockOutcome): void;
  /** Counts the bytes of a block that was compressed. */
  compressed(bytesIn: number, bytesOut: number): void;
  /** All metrics, with those of the process, as a status has them. */
  read(): Promise<Awaited<ReturnType<Registry["getMetricsAsJSON"]>>>;
}

/** Starts to count. @param version of Stevedore */
export function openCompressorMetrics(
  slots: { readonly total: number; busy(): number },
  engine: Pick<XzEngine, "name" | "version">,
  version: string,
): CompressorMetrics {
  const registry = new Registry();
  const registers = [registry];
  const blocks = new Counter({
    name: "stevedore_compressor_blocks_total",
    help: "Blocks that a compressor took up",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of outcomes) blocks.inc({ outcome }, 0);
  const bytesIn = new Counter({
    name: "stevedore_compressor_read_bytes_total",
    help: "Bytes of the blocks that were compressed",
    registers,
  });
  const bytesOut = new Counter({
    name: "stevedore_compressor_written_bytes_total",
    help: "Bytes that these blocks became",
    registers,
  });
  new Gauge({
    name: "stevedore_compressor_slots",
    help: "Blocks that a compressor compresses at a time",
    registers,
  }).set(slots.total);
  new Gauge({
    name: "stevedore_compressor_slots_busy",
    help: "Blocks that a compressor is at",
    registers,
    collect() {
      this.set(slots.busy());
    },
  });
  new Gauge({
    name: "stevedore_compressor_info",
    help: "1 for each compressor, with its version, and those of its engine",
    labelNames: ["version", "engine", "liblzma"],
    registers,
  }).set({ version, engine: engine.name, liblzma: engine.version }, 1);
  return {
    ended: (outcome) => blocks.inc({ outcome }),
    compressed(read, written) {
      bytesIn.inc(read);
      bytesOut.inc(written);
    },
    async read() {
      const registries = await Promise.all([registry, processMetrics()].map((one) => one.getMetricsAsJSON()));
      return registries.flat();
    },
  };
}
