// Why nothing of a batch is at work yet, in words.
import type { BatchWaits } from "../api-types.js";
import { countOf } from "../format.js";

/** Nothing for a batch that is at work or has ended. */
export function BatchWaiting({ waits }: { waits: BatchWaits | null | undefined }) {
  return waits ? <span class="waits">{inWords(waits)}</span> : null;
}

function inWords({ for: what, behind }: BatchWaits): string {
  const others = countOf(behind, "batch", "batches");
  const goFirst = behind === 0 ? "" : `; then ${others} ${behind === 1 ? "goes" : "go"} first`;
  if (what === "resume") return `waits: the queue is paused${goFirst}`;
  if (what === "worker") return `waits: no worker serves the queue${goFirst}`;
  return behind === 0 ? "waits for its turn" : `waits behind ${others}`;
}
