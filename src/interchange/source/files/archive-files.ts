// The files of a source that is a tar archive.
import type { FileHandle } from "node:fs/promises";
import { type ArchiveIndex, indexArchive } from "./archive-index.js";
import { asPath, followLinks, notAFile, type SourceFile, type SourceFiles } from "./files.js";
import { readRange } from "./read-range.js";

/**
 * Opens an archive that is not compressed.
 * @param file stays open when the source is closed
 * @throws as `indexArchive`
 */
export async function openArchive(file: FileHandle, signal?: AbortSignal | undefined): Promise<SourceFiles> {
  const { size } = await file.stat();
  const { entries: index, lacksEnd } = await indexArchive(file, size, signal);
  return {
    find: (name) => find(index, file, name),
    directories: async () => topDirectories(index),
    lacksEnd,
    async [Symbol.asyncDispose]() {},
  };
}

async function find(index: ArchiveIndex, file: FileHandle, name: string): Promise<SourceFile | undefined> {
  const { node } = await followLinks(asPath(name), (path) => index.get(path));
  if (node === undefined) return undefined;
  if (node.kind !== "file") throw notAFile(name);
  const { start, size } = node;
  return { name, size, open: async () => readRange(file, { start, size, name }) };
}

function topDirectories(index: ArchiveIndex): string[] {
  const names = new Set<string>();
  for (const path of index.keys()) {
    const slash = path.indexOf("/");
    if (slash !== -1) names.add(path.slice(0, slash));
  }
  return [...names];
}
