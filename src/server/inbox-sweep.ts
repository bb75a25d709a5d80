// Removes abandoned uploads, partial ones too. A server runs for long, and a worker removes them only when it starts.
import { openAges } from "../disk/index.js";
import { systemHostName } from "../host/index.js";
import { inboxOf, removeAbandonedUploads, uploadPatience } from "../inbox/index.js";
import { uploadsInUse } from "../producer/index.js";
import type { App, ServerContext } from "./context.js";

/** How often, in ms. */
const sweepInterval = 600_000;

/** Sweeps once the server listens, and every ten minutes until it stops. */
export function keepInboxSwept(app: App, { root, producer, log, signal }: ServerContext): void {
  const inUse = () => uploadsInUse(producer);
  const sweep = async () => {
    try {
      const { length } = await removeAbandonedUploads(
        inboxOf(root),
        inUse,
        uploadPatience,
        openAges(root, systemHostName()),
      );
      if (length > 0) log(`removed ${length} abandoned ${length === 1 ? "upload" : "uploads"}`);
    } catch (error) {
      if (!signal.aborted) log(`the inbox could not be cleaned: ${String(error)}`);
    }
  };
  app.addHook("onListen", async () => {
    const timer = setInterval(sweep, sweepInterval).unref();
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
    // Not awaited: no request depends on it.
    void sweep();
  });
}
