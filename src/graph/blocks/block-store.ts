// Keeps the compressed blocks of checksums that are not finished, so that a try that was ended goes on where it was.
import { createYielder, ownName, rootPath } from "../../disk/index.js";
import type { RecipeName } from "../../terms/index.js";
import type { Graph } from "../graph.js";
import { blockFileSize, readBlockFile, writeBlockFile } from "./block-file.js";
import { openBound } from "./bound.js";
import type { Claims } from "./claims.js";
import { makeBlocksDirectory, removeFile } from "./directory.js";
import { blockName, checksumName, listName } from "./names.js";
import { readStoredList, writeStoredList } from "./stored-list.js";

/** What is kept: the bytes of a block, and the size of the input that they came from. */
interface KeptBlock {
  readonly bytes: Buffer;
  readonly uncompressedSize: number;
}

/** The input of a block. */
interface BlockInput {
  readonly data: Buffer;
  /** sha256 of the data, 64 lower-case hex characters. */
  readonly digest: string;
}

/** The blocks of a layer that is at work, until they are disposed of: then they may go when room is needed. */
export interface LayerBlocks<Block extends KeptBlock> extends Disposable {
  /**
   * Reads the block of an input, or has it made while nobody else makes it, and keeps it if that can be done.
   * @throws what `make` throws; `CANCELLED` while others are waited for
   */
  readOrMake(
    input: BlockInput,
    make: () => Promise<Block>,
    signal: AbortSignal,
  ): Promise<{ readonly block: Block; readonly isReused: boolean }>;
  /**
   * Stores the checksum, for which the blocks are not needed any more: they are removed, but for those of other layers
   * at work here.
   * @throws what `store` throws: then the blocks stay
   */
  removeOnce(store: () => Promise<void>): Promise<void>;
  /** Removes the blocks, of which some may be wrong. */
  discard(): Promise<void>;
}

/** The blocks of a root. */
export interface BlockStore<Block extends KeptBlock> {
  /** Opens the blocks of a layer. */
  openLayer(recipe: RecipeName, id: string): LayerBlocks<Block>;
  /** Removes what a process left that was killed between storing a checksum and removing its blocks. */
  removeStored(recipe: RecipeName, id: string): Promise<void>;
}

export interface BlockStoreOptions<Block extends KeptBlock> {
  /** Bytes of all blocks together. */
  readonly most: number;
  /** Blocks of fewer bytes of input are not kept. Default: 1 MiB. */
  readonly least?: number | undefined;
  /** Reads a block. Throws if it is none. */
  readonly parse: (bytes: Buffer) => Block;
}

/**
 * To claim, keep and remove a block took 3 to 4 ms of CPU, which is 2 to 4 % of the checksum of a layer of 200 KB, and such a
 * block is made again in no time. The claim of the whole checksum took 0.7 ms.
 */
const defaultLeast = 1024 ** 2;

/** Bytes that a block has at most, for an input of so many: xz stores what it cannot compress, and adds little. */
const longestBlock = (inputBytes: number) => inputBytes + Math.ceil(inputBytes / 8) + 1_024;

/**
 * Opens the blocks of a root. Nothing that fails here makes a checksum fail: on a full disk nothing is kept, and what
 * cannot be read is made again.
 */
export function openBlockStore<Block extends KeptBlock>(
  { root, host }: Pick<Graph, "root" | "host">,
  claims: Claims,
  { most, least = defaultLeast, parse }: BlockStoreOptions<Block>,
): BlockStore<Block> {
  /** In how many layers at work here a block is. */
  const atWork = new Map<string, number>();
  const bound = openBound(root, most, (name) => atWork.has(name));
  const pathOf = (name: string) => rootPath(root, "blocks", name);

  async function remove(names: Iterable<string>): Promise<void> {
    const turn = createYielder();
    for (const name of names) {
      await turn();
      if (atWork.has(name)) continue;
      removeFile(pathOf(name));
      bound.forget(name);
    }
  }

  async function read(name: string, inputBytes: number): Promise<Block | undefined> {
    const found = await readBlockFile(pathOf(name), longestBlock(inputBytes));
    if (found === undefined) return undefined;
    const block = found === "damaged" ? undefined : parseIfWhole(found, parse);
    if (block?.uncompressedSize === inputBytes) return block;
    removeFile(pathOf(name));
    bound.forget(name);
    return undefined;
  }

  async function keep(name: string, { bytes }: Block): Promise<void> {
    try {
      if (!makeBlocksDirectory(root) || !(await bound.admit(name, blockFileSize(bytes)))) return;
      await writeBlockFile(pathOf(name), pathOf(await ownName(host)), bytes);
    } catch {
      bound.forget(name);
    }
  }

  return {
    openLayer(recipe, id) {
      const names = new Set<string>();
      const release = () => {
        const released = [...names];
        names.clear();
        for (const name of released) {
          const layers = (atWork.get(name) ?? 0) - 1;
          if (layers > 0) atWork.set(name, layers);
          else atWork.delete(name);
        }
        return released;
      };
      return {
        async readOrMake(input, make, signal) {
          if (input.data.length < least) return { block: await make(), isReused: false };
          const name = blockName(recipe, input.digest);
          if (!names.has(name)) {
            names.add(name);
            atWork.set(name, (atWork.get(name) ?? 0) + 1);
          }
          const look = () => read(name, input.data.length);
          const makeAndKeep = async () => {
            const block = await make();
            await keep(name, block);
            return block;
          };
          const result = await claims.findOrMake(name, look, makeAndKeep, signal);
          if ("found" in result) return { block: result.found, isReused: true };
          return { block: result.made, isReused: false };
        },
        async removeOnce(store) {
          const list = pathOf(listName(checksumName(recipe, id)));
          removeFile(list);
          // Whoever finds the checksum stored removes what is listed: see `removeStored`.
          if (names.size > 0) await writeStoredList(list, names);
          await store();
          await remove(release());
          removeFile(list);
        },
        discard: () => remove(release()),
        [Symbol.dispose]: release,
      };
    },
    async removeStored(recipe, id) {
      const list = pathOf(listName(checksumName(recipe, id)));
      const names = readStoredList(list);
      if (names === undefined) return;
      await remove(names);
      removeFile(list);
    },
  };
}

function parseIfWhole<Block>(bytes: Buffer, parse: (bytes: Buffer) => Block): Block | undefined {
  try {
    return parse(bytes);
  } catch {
    return undefined;
  }
}
