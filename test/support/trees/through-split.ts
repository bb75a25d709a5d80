// An archive on its way through a layer and back.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { assembleArchive, type UnpackOptions, unpack } from "../../../src/layer/index.js";
import { collect } from "../collect.js";

export interface ThroughSplit {
  readonly layerDirectory: string;
  readonly splitPath: string;
  readonly isLossless: boolean;
  /** The archive that layer and tar-split make again; undefined where the layer is not lossless. */
  readonly again: Buffer | undefined;
}

export type ThroughOptions = Partial<UnpackOptions> & {
  /** How many bytes come at a time. Default: all. */
  readonly chunk?: number;
  /** Whether the archive can be read a second time. Default true. */
  readonly canReopen?: boolean;
};

/**
 * Unpacks an archive into the directory `layer`, and makes it again.
 * @param directory an empty one
 */
export async function throughSplit(
  bytes: Buffer,
  directory: string,
  options: ThroughOptions = {},
): Promise<ThroughSplit> {
  const { chunk = bytes.length, canReopen = true, ...others } = options;
  const layerDirectory = join(directory, "layer");
  const splitPath = join(directory, "tar-split.gz");
  mkdirSync(layerDirectory);
  const open = () => inChunks(bytes, chunk);
  const { isLossless } = await unpack(open(), layerDirectory, {
    limits: { maxBytes: 1e9, maxEntries: 10_000 },
    splitPath,
    reopen: canReopen ? async () => open() : undefined,
    ...others,
  });
  const again = isLossless
    ? Buffer.concat(await collect(assembleArchive({ layerDirectory, splitPath })))
    : undefined;
  return { layerDirectory, splitPath, isLossless: isLossless ?? false, again };
}

function inChunks(bytes: Buffer, chunk: number): Readable {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(bytes.subarray(at, at + chunk));
  return Readable.from(chunks, { objectMode: false });
}
