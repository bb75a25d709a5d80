// Keeps facts of many layers that were measured one after the other: written into staging, made durable together, then linked
// to their images. A file that is there by then stays: somebody who knows more has written it.
import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree, type StagingPlace, stagingPath, syncFileSystem } from "../../disk/index.js";
import { factsPath, formatLayerFacts, type LayerFacts } from "./layer-facts.js";

/** So many at most wait to be kept, and for so long, in ms. */
const mostWaiting = 512;
const longestWait = 1_000;

export interface MeasuredFacts {
  /**
   * Keeps them within a second, or when it is flushed. On a read-only root, a full disk or without permission they are
   * measured again the next time.
   */
  keepSoon(imageDirectory: string, facts: LayerFacts): Promise<void>;
  /** Keeps what waits, now. Never throws. */
  flush(): Promise<void>;
}

export function openMeasuredFacts(place: StagingPlace): MeasuredFacts {
  let stage: string | undefined;
  let waiting: { readonly staged: string; readonly path: string }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let cannotBeKept = false;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const [from, facts] = [stage, waiting];
    stage = undefined;
    waiting = [];
    if (from === undefined) return;
    try {
      await syncFileSystem(from);
      for (const { staged, path } of facts) linkIfAbsent(staged, path);
    } catch {
      // They are measured again.
    }
    await removeTree(from).catch(() => undefined);
  }

  return {
    async keepSoon(imageDirectory, facts) {
      if (cannotBeKept) return;
      try {
        if (stage === undefined) {
          const made = await stagingPath(place);
          mkdirSync(made, { mode: 0o700 });
          stage = made;
        }
        const staged = join(stage, `${waiting.length}`);
        writeFileSync(staged, formatLayerFacts(facts), { mode: 0o600, flag: "wx" });
        waiting.push({ staged, path: factsPath(imageDirectory) });
      } catch {
        cannotBeKept = true;
        if (stage !== undefined && waiting.length === 0) rmSync(stage, { recursive: true, force: true });
        return;
      }
      if (waiting.length >= mostWaiting) await flush();
      else timer ??= setTimeout(() => void flush(), longestWait).unref();
    },
    flush,
  };
}

function linkIfAbsent(staged: string, path: string): void {
  try {
    linkSync(staged, path);
  } catch {
    // There is one, or the image is gone.
  }
}
