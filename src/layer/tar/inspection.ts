// The gate for archives that nobody vouches for. It inspects each entry as the archive's bytes go by, and says how far
// GNU tar may be let in: never past a header that was not read whole and found right.
import { meaningOf, whiteoutPrefix } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { splitName, unsafe } from "./entry-name.js";
import { createLayerPaths, type Placement } from "./entry-path.js";
import { quoteName } from "./header.js";
import { holdLink } from "./held-entries.js";
import { createRedundantWhiteouts } from "./redundant-whiteouts.js";
import { type Edit, renamedEntry, renameEntry, wholeEntry } from "./rename-entry.js";
import {
  createSparseMap,
  createSparseMapReader,
  readOldGnuRegions,
  readOldGnuSize,
  type SparseMapReader,
} from "./sparse-map.js";
import type { UnfinishedLayer } from "./unfinished-layer.js";
import { type WalkedEntry, walkTar } from "./walk.js";

/** How large an archive may be. A larger one is `LIMIT_EXCEEDED`. */
export interface UnpackLimits {
  /** Decompressed bytes of the archive. The holes of sparse files count as if they were in it. */
  readonly maxBytes: number;
  /** Entries, including the directories that no entry names but that others lie in. */
  readonly maxEntries: number;
}

/** A push parser. After it has thrown it is of no further use. */
export interface ArchiveInspector {
  /**
   * Takes the next bytes of the archive, cut anywhere.
   * @throws `BAD_ARCHIVE`, `UNSAFE_ENTRY`, `LIMIT_EXCEEDED`.
   */
  accept(chunk: Buffer): void;
  /**
   * tar may have the bytes before this position, without those that are dropped: they were read whole, and are right.
   */
  readonly cleared: number;
  /**
   * Gives, once, the parts of the cleared bytes that tar must not have, in order, and what it gets in their place: its
   * names are canonical, and what is written in another way is written anew.
   */
  takeEdits(): readonly Edit[];
  /**
   * To be called once the end was seen. Yields what tar must have behind the cleared bytes.
   * @throws `UNSAFE_ENTRY`
   */
  end(): Generator<Buffer>;
  /** True once the end of the archive was seen: what follows only counts. */
  readonly ended: boolean;
  /** Bytes seen. */
  readonly bytes: number;
  /** Entries seen, extended headers and volume labels not counted. */
  readonly entries: number;
  /**
   * How many zeros would end an archive that ends behind the content of an entry, or has no byte at all: those that fill
   * its last block, and the blocks that mark the end. 0 where there are such blocks, or where zeros would not do.
   */
  missingEnd(): number;
  /**
   * To be called where the archive ends.
   * @throws `BAD_ARCHIVE` if it was cut short, if only between two entries.
   */
  finish(): void;
  /** The directories that no entry names: see `LayerPaths`. */
  impliedDirectories(): string[];
  /** The layer behind its last entry, if it may link to those below; to be asked once the end was seen. */
  readonly unfinished: UnfinishedLayer | undefined;
  /** Bytes of files that were added to it. */
  readonly addedBytes: number;
  /** The first device in the archive, as a latin1 string: only root can make one. */
  readonly firstDevice: string | undefined;
}

/** An entry that has its place in the layer. */
export interface PlacedEntry {
  /** The canonical path of the place, a latin1 string; `""` is the root. */
  readonly name: string;
  /** Where in the archive its body begins, and how many bytes it has, without padding. */
  readonly bodyAt: number;
  readonly size: number;
  /** Whether the body is, byte for byte, the content of a file at that place: of a sparse one, or of no place, it is not. */
  readonly isContent: boolean;
}

/** Is told where an entry lies in the layer. */
export type PlacedListener = (walked: WalkedEntry, placement: Placement) => void;

/** What else an inspector does. */
export interface InspectorOptions {
  /** Is told of each entry before the bytes of its body are taken. */
  readonly onEntry?: ((entry: PlacedEntry) => void) | undefined;
  /** Is told of each entry that the layer gets. */
  readonly onPlaced?: PlacedListener | undefined;
  /** Whether hard links may have their targets in layers below: see `LayerPaths`. Default false. */
  readonly mayLinkBelow?: boolean | undefined;
}

/** An inspector at the beginning of an archive. */
export function createArchiveInspector(
  { maxBytes, maxEntries }: UnpackLimits,
  { onEntry, onPlaced, mayLinkBelow = false }: InspectorOptions = {},
): ArchiveInspector {
  const paths = createLayerPaths({ mayLinkBelow });
  const saysNothing = createRedundantWhiteouts();
  let bytes = 0;
  let entries = 0;
  let holes = 0;
  let addedEntries = 0;
  let addedBytes = 0;
  let firstDevice: string | undefined;
  let edits: Edit[] = [];
  /** Reads the sparse map that the body begins with, if it does. */
  let mapInBody: SparseMapReader | undefined;
  /** Reads a further block of the sparse map that began in the header. */
  let readRegions: ((block: Buffer) => void) | undefined;

  const walk = walkTar({
    entry: takeEntry,
    sparseBlock: (block) => readRegions?.(block),
    body: (piece) => mapInBody?.accept(piece),
    end() {
      mapInBody?.end();
      mapInBody = undefined;
    },
  });

  function takeEntry(walked: WalkedEntry): void {
    const { entry, size } = walked;
    const { name } = entry;
    const isDropped = saysNothing(entry) || (isWhiteout(name) && paths.isBelowSymlink(name));
    if (!isDropped) place(walked);
    else {
      edits.push(...wholeEntry(walked));
      onEntry?.({ name: "", bodyAt: walked.headerEnd, size, isContent: false });
    }
    entries++;
    checkEntries();
    if (entry.kind === "device") firstDevice ??= name;
    // A body that cannot fit is refused before its first byte has come.
    checkBytes(size, () => quoteName(name));
    if (!isDropped) takeSparse(walked);
    else if (walked.header.type === "S") throw unsafeSparse(name);
  }

  function checkEntries(): void {
    if (entries + addedEntries + paths.impliedCount > maxEntries) {
      throw tooMuch(`the archive has more than ${maxEntries} entries: --max-layer-entries raises the limit`);
    }
  }

  /** Counts what comes from a layer below. */
  function countAdded(size: number): void {
    addedEntries++;
    addedBytes += size;
    checkEntries();
    checkBytes(0, () => "with the files of layers below that it links to, the archive");
  }

  /** Finds the entry's place in the layer, and has tar read it under the name of that place, now or at the end. */
  function place(walked: WalkedEntry): void {
    const { header, extended, globals, size, from } = walked;
    const isSparse = header.type === "S" || extended.pax?.sparseSize !== undefined;
    const isPlain = size === 0 && !isSparse;
    const placement = paths.add(walked.entry, {
      mayHold: isPlain && globals.length === 0,
      holdLink: () => holdLink(walked),
      renamed: (other) => renamedEntry(walked, other),
    });
    const { name, target, isHeld, before } = placement;
    onPlaced?.(walked, placement);
    if (before !== undefined) edits.push({ from, to: from, bytes: before });
    edits.push(...(isHeld ? wholeEntry(walked) : renameEntry(walked, name, target)));
    onEntry?.({ name, bodyAt: walked.headerEnd, size, isContent: !isSparse });
  }

  function takeSparse(walked: WalkedEntry): void {
    const { entry, header, extended, size } = walked;
    const { pax } = extended;
    if (header.type === "S") {
      if (header.dialect !== "gnu" || pax !== undefined) throw unsafeSparse(entry.name);
      takeOldGnuMap(walked);
    } else if (pax?.sparseSize !== undefined) {
      // Only where GNU tar takes the header for one of pax does it read the body as a map and data.
      if (header.dialect !== "ustar" || entry.kind !== "file") throw unsafeSparse(entry.name);
      countHole(pax.sparseSize - size, entry.name);
      mapInBody = createSparseMapReader(entry.name, pax.sparseSize, size);
    }
  }

  /** The old GNU format keeps a map in the header, and in further blocks if it is long. */
  function takeOldGnuMap({ entry: { name }, block: headerBlock, size }: WalkedEntry): void {
    const fileSize = readOldGnuSize(name, headerBlock);
    countHole(fileSize - size, name);
    const map = createSparseMap(name, fileSize);
    const read = (block: Buffer, part: "header" | "extension") => {
      const goesOn = readOldGnuRegions(map, name, block, part);
      if (!goesOn) map.finish(size);
    };
    read(headerBlock, "header");
    readRegions = (block) => read(block, "extension");
  }

  function countHole(size: number, name: string): void {
    holes += Math.max(0, size);
    checkBytes(0, () => `with the holes of ${quoteName(name)} the archive`);
  }

  function checkBytes(more: number, what: () => string): void {
    const isTooMuch = bytes + holes + addedBytes > maxBytes || more > maxBytes;
    if (isTooMuch) {
      throw tooMuch(`${what()} is larger than ${maxBytes} bytes: --max-layer-bytes raises the limit`);
    }
  }

  return {
    accept(chunk) {
      bytes += chunk.length;
      checkBytes(0, () => "the archive");
      walk.accept(chunk);
    },
    get cleared() {
      return walk.settled;
    },
    takeEdits() {
      const taken = edits;
      edits = [];
      return taken;
    },
    end: paths.end,
    unfinished: paths.unfinished && { ...paths.unfinished, count: countAdded },
    get addedBytes() {
      return addedBytes;
    },
    get ended() {
      return walk.ended;
    },
    get bytes() {
      return bytes;
    },
    get entries() {
      return entries;
    },
    get firstDevice() {
      return firstDevice;
    },
    missingEnd: walk.missingEnd,
    finish: walk.finish,
    impliedDirectories: paths.impliedDirectories,
  };
}

function isWhiteout(name: string): boolean {
  return name.includes(whiteoutPrefix) && meaningOf(splitName(name).at(-1) ?? "").kind !== "file";
}

function unsafeSparse(name: string): StevedoreError {
  return unsafe(`${quoteName(name)} is sparse in a way that its header does not allow`);
}

function tooMuch(message: string): StevedoreError {
  return new StevedoreError("LIMIT_EXCEEDED", message);
}
