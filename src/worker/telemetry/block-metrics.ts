// The metrics of the blocks that a worker has compressed, here and by compressors (docs/observability.md).
import { Counter, Gauge, type Registry } from "prom-client";

/** Who made a block: this worker's own threads, or a compressor of another process. */
const makers = ["own", "compressor"] as const;
/** What became of a block that was left to compressors and not made by them. */
const failures = ["failed", "wrong", "taken-back"] as const;

export interface BlockMetrics {
  made(maker: (typeof makers)[number], bytes: number): void;
  /** Counts the bytes of a block that is sent to compressors. */
  sent(bytes: number): void;
  /** Counts a block that compressors did not make. */
  lost(failure: (typeof failures)[number]): void;
  /** Counts a compressor that is trusted no more. */
  shutOut(): void;
  /** Notes how many blocks wait for a thread, and how many are away. */
  now(figures: () => { readonly waiting: number; readonly away: number }): void;
}

export function openBlockMetrics(registry: Registry): BlockMetrics {
  const registers = [registry];
  const blocks = new Counter({
    name: "stevedore_blocks_total",
    help: "Blocks of layers that were compressed",
    labelNames: ["maker"],
    registers,
  });
  const bytes = new Counter({
    name: "stevedore_block_bytes_total",
    help: "Bytes of these blocks, before they were compressed",
    labelNames: ["maker"],
    registers,
  });
  const lost = new Counter({
    name: "stevedore_offload_failures_total",
    help: "Blocks that were left to compressors, and made here after all",
    labelNames: ["reason"],
    registers,
  });
  const sent = new Counter({
    name: "stevedore_offload_sent_bytes_total",
    help: "Bytes of the blocks that were left to compressors",
    registers,
  });
  const shutOut = new Counter({
    name: "stevedore_compressors_refused_total",
    help: "Compressors that this worker has shut out",
    registers,
  });
  for (const maker of makers) for (const counter of [blocks, bytes]) counter.inc({ maker }, 0);
  for (const reason of failures) lost.inc({ reason }, 0);
  let figures = () => ({ waiting: 0, away: 0 });
  new Gauge({
    name: "stevedore_blocks_waiting",
    help: "Blocks that wait for a thread or a compressor",
    registers,
    collect() {
      this.set(figures().waiting);
    },
  });
  new Gauge({
    name: "stevedore_blocks_away",
    help: "Blocks that compressors have been left",
    registers,
    collect() {
      this.set(figures().away);
    },
  });
  return {
    made(maker, size) {
      blocks.inc({ maker });
      bytes.inc({ maker }, size);
    },
    sent: (size) => sent.inc(size),
    lost: (reason) => lost.inc({ reason }),
    shutOut: () => shutOut.inc(),
    now(asked) {
      figures = asked;
    },
  };
}
