// Where else in a registry the layers of an image may lie: in the repositories that images of the graph which have the same
// layers are named after.
import type { Graph } from "../../graph/index.js";
import {
  isRegistryReference,
  parseRegistryReference,
  type RegistryReference,
  StevedoreError,
} from "../../terms/index.js";

/** How many images are looked at: a graph may have many thousands of one registry. */
const mostImages = 1_000;
/** In how many repositories one blob is looked for. */
const mostSources = 4;

/** The repositories that may have the layer, or the config, of an image of the graph; those of the nearest images first. */
export type MountSources = (id: string) => Promise<readonly string[]>;

/**
 * Looks for the repositories of the registry that a reference names, but for the reference's own. The graph is looked at when
 * the first is asked for.
 * @param first the id of the image whose own names come first
 */
export function mountSources(
  graph: Graph,
  { host, repository }: RegistryReference,
  first: string,
): MountSources {
  let sources: Promise<ReadonlyMap<string, ReadonlySet<string>>> | undefined;

  async function read(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const byImage = await graph.names.byImage();
    const others = [...byImage.keys()].filter((id) => id !== first);
    const found = new Map<string, Set<string>>();
    let looked = 0;
    for (const id of [first, ...others]) {
      const named = (byImage.get(id) ?? []).flatMap(repositoryIn);
      if (named.length === 0) continue;
      if (looked++ >= mostImages) break;
      for (const link of await historyOf(id)) {
        const there = found.get(link) ?? new Set();
        found.set(link, there);
        for (const each of named) there.add(each);
      }
    }
    return found;
  }

  /** The repository of a name of that registry. */
  function repositoryIn(name: string): string[] {
    if (!isRegistryReference(name)) return [];
    const reference = parseRegistryReference(name);
    return reference.host === host && reference.repository !== repository ? [reference.repository] : [];
  }

  /** None of an image that is broken, or was just deleted. */
  async function historyOf(id: string): Promise<string[]> {
    try {
      return (await graph.history(id)).map((image) => image.id);
    } catch (error) {
      if (error instanceof StevedoreError) return [];
      throw error;
    }
  }

  return async (id) => {
    sources ??= read();
    return [...((await sources).get(id) ?? [])].slice(0, mostSources);
  };
}
