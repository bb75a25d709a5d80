// How the layers of an image get on that is pulled or pushed: each by itself, and all together.

/** A layer on its way. */
export interface LayerProgress {
  /** The digest of its blob; before that is known, the diffID or the id of its image. */
  readonly digest: string;
  /** In bytes, as `total`. */
  readonly done: number;
  readonly total: number;
  readonly state: "waiting" | "present" | "fetching" | "sending" | "mounted" | "done";
}

/** Is called with the bytes that are done and those there are, of all layers that move, and with all layers. */
export type OnLayerProgress = (done: number, total: number, layers: readonly LayerProgress[]) => void;

/** The progress of some layers. */
export interface LayersProgress {
  /** Changes what is known of a layer, and tells. */
  set(id: string, change: Partial<LayerProgress>): void;
}

/**
 * Follows some layers, which wait at first. Those that are present or mounted are no bytes to move. What is told is an array
 * that changes afterwards: whoever keeps it copies it.
 * @param layers by the ids of their images, in the order in which they are told
 */
export function followLayers(
  layers: ReadonlyMap<string, Pick<LayerProgress, "digest" | "total">>,
  onProgress: OnLayerProgress | undefined,
): LayersProgress {
  const places = new Map([...layers.keys()].map((id, at) => [id, at]));
  const all = [...layers.values()].map(
    ({ digest, total }): LayerProgress => ({ digest, done: 0, total, state: "waiting" }),
  );
  let done = 0;
  let total = all.reduce((sum, layer) => sum + layer.total, 0);
  return {
    set(id, change) {
      const at = places.get(id);
      const before = at === undefined ? undefined : all[at];
      if (at === undefined || before === undefined) return;
      const after = { ...before, ...change };
      all[at] = after;
      done += moved(after).done - moved(before).done;
      total += moved(after).total - moved(before).total;
      onProgress?.(done, Math.max(done, total), all);
    },
  };
}

function moved({ state, done, total }: LayerProgress): Pick<LayerProgress, "done" | "total"> {
  return state === "present" || state === "mounted" ? { done: 0, total: 0 } : { done, total };
}
