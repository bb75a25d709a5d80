// Reads all images of a graph with what lies beside their records, as quickly as the machine can.
import { imageEntries, readSideBySide } from "../disk/index.js";
import { parseChecksums, readChecksums, type StoredChecksums } from "./checksums/index.js";
import { knownLayerFacts, type LayerFacts, parseLayerFacts } from "./facts/index.js";
import { type Image, imageOf, imagePaths } from "./image.js";
import type { ImageIndex } from "./image-index.js";
import { type ListedImage, loadListed, sortedNames } from "./listing.js";

/** What lies beside a record. */
export interface Beside {
  /** Undefined for a layer that was never measured. */
  readonly facts: LayerFacts | undefined;
  /** Those of the image's own file, without Docker's dictionary. */
  readonly checksums: StoredChecksums;
}

/**
 * Reads every entry of the index. An image that left the graph since is left out.
 * @param pick makes what is kept of each: records themselves are too much of a large graph. What lies beside is undefined for
 * a broken image, and where it cannot be read
 * @returns in the order of the names
 * @throws `CANCELLED`; `INTERNAL`, `NEEDS_ROOT` for a record that cannot be read
 */
export async function gatherImages<Kept extends object>(
  graphDirectory: string,
  index: ImageIndex,
  pick: (listed: ListedImage, beside: Beside | undefined) => Kept,
  signal?: AbortSignal | undefined,
): Promise<Kept[]> {
  const names = sortedNames(index);
  const kept: (Kept | undefined)[] = new Array(names.length);
  const { record, facts, checksums, layer } = imageEntries;
  const read = (at: number) => {
    const listed = loadListed(graphDirectory, names[at] ?? "");
    if (listed === undefined) return;
    const { image } = listed;
    kept[at] = pick(listed, image === undefined ? undefined : readBeside(graphDirectory, image.id));
  };
  await readSideBySide(
    graphDirectory,
    names,
    { files: [record, facts, checksums], directory: layer },
    read,
    (at, { files: [recordBytes, factsBytes, checksumsBytes] }) => {
      const id = names[at] ?? "";
      if (recordBytes == null) return read(at);
      let image: Image;
      try {
        image = imageOf(graphDirectory, recordBytes, id);
      } catch {
        return read(at);
      }
      kept[at] = pick(
        { image },
        {
          facts: factsBytes == null ? undefined : parseLayerFacts(factsBytes),
          checksums: checksumsBytes == null ? {} : parseChecksums(checksumsBytes).checksums,
        },
      );
    },
    signal,
  );
  return kept.filter((each) => each !== undefined);
}

function readBeside(graphDirectory: string, id: string): Beside | undefined {
  const paths = imagePaths(graphDirectory, id);
  try {
    return { facts: knownLayerFacts(paths), checksums: readChecksums(paths.directory) };
  } catch {
    // Who asks for it alone is told why.
    return undefined;
  }
}
