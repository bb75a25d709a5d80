// Opens a source for an import: a directory, an archive, or a compressed archive.
import { type FileHandle, open } from "node:fs/promises";
import type { Graph } from "../../graph/index.js";
import { compressionOf, decompress, headBytes } from "../../layer/index.js";
import { throwIfAborted } from "../../terms/index.js";
import type { SourceFiles } from "./files/index.js";
import { openArchive, openDirectory, readRange, spool } from "./files/index.js";

/**
 * Opens a source, and calls `work` with its files. A compressed archive is first decompressed into the staging of the
 * graph, because its files are read in any order.
 * @param source a directory or a regular file; the handle stays open
 * @param maxBytes the largest size of a decompressed archive
 * @throws `BAD_ARCHIVE` for a file that is not an archive, `LIMIT_EXCEEDED`, `NO_SPACE`, `TOOL_MISSING`, `CANCELLED`;
 * what `work` throws
 */
export async function withSource<Result>(
  graph: Graph,
  source: FileHandle,
  maxBytes: number,
  work: (files: SourceFiles) => Promise<Result>,
  signal?: AbortSignal | undefined,
): Promise<Result> {
  throwIfAborted(signal);
  const stats = await source.stat();
  if (stats.isDirectory()) return await work(openDirectory(source));
  const head = Buffer.alloc(headBytes);
  const { bytesRead } = await source.read(head, 0, headBytes, 0);
  const compression = compressionOf(head.subarray(0, bytesRead));
  if (compression === "none") return await work(await openArchive(source, signal));
  return await graph.withStaging(async (path) => {
    const compressed = readRange(source, { start: 0, size: stats.size, name: "the archive" });
    try {
      const plain = decompress(compressed, compression, signal);
      await spool(plain, path, { what: "the archive", maxBytes }, signal);
    } finally {
      compressed.destroy();
    }
    await using archive = await open(path, "r");
    return await work(await openArchive(archive, signal));
  });
}
