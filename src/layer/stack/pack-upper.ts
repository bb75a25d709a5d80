// Packs the upper of a mount as the archive of a layer. Deletions become the whiteout files of AUFS and OCI.
import { Readable } from "node:stream";
import { ioError } from "../../disk/index.js";
import { opaqueMarker, whiteoutPrefix } from "../../graph/index.js";
import { tools } from "../../host/index.js";
import { StevedoreError, throwIfAborted } from "../../terms/index.js";
import { canonicalEntryOptions } from "../canonical-tar.js";
import { childPath, fillDeviceFields, formatTarEntry, nameList, readablePath } from "../tar/index.js";
import { toolOutput } from "../tool-output.js";
import { openUpper, type Upper, xattrUse } from "./upper.js";

/**
 * Packs an upper. Owners, modes, times, hard links, devices and the attributes that a layer can hold are kept; sockets
 * are left out, as tar does. The same upper gives the same bytes.
 * @returns the archive; its errors are `UNSAFE_ENTRY` for a name that in a layer would be a whiteout, `INTERNAL` for
 * what cannot be read or changes meanwhile, `TOOL_MISSING`, `CANCELLED`
 */
export function packUpper(upper: Upper, signal?: AbortSignal | undefined): Readable {
  return Readable.from(archiveOf(upper, signal), { objectMode: false });
}

async function* archiveOf(
  upper: Upper,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const { paths, markers } = await readPaths(upper, signal).catch((error: unknown) => {
    throw ioError(error, `${upper.directory} cannot be read`);
  });
  // The whiteout files come first, because tar's output ends with the end of the archive.
  for (const path of markers) {
    yield formatTarEntry({ path, kind: "file", mode: 0o600, uid: 0, gid: 0, mtimeNs: 0n });
  }
  const list = nameList(upper.directory, paths);
  const args = [
    ...canonicalEntryOptions,
    // These are the driver's own notes, not attributes of the file.
    ...xattrUse[upper.form].own.map((mask) => `--xattrs-exclude=${mask}`),
    ...list.args,
  ];
  yield* fillDeviceFields(toolOutput(tools.tar, args, { input: list.input, signal }));
}

/** The paths that tar packs, and those of the whiteout files to make, all as latin1 strings. */
async function readPaths(
  upper: Upper,
  signal: AbortSignal | undefined,
): Promise<{ paths: string[]; markers: string[] }> {
  const readUpper = await openUpper(upper, signal);
  const paths = [""];
  const markers: string[] = [];
  async function collect(directory: string): Promise<void> {
    throwIfAborted(signal);
    const { isOpaque, deleted, written } = await readUpper(directory);
    if (isOpaque) markers.push(childPath(directory, opaqueMarker));
    for (const name of deleted) markers.push(childPath(directory, whiteoutPrefix + name));
    for (const { name, isDirectory, isNew } of written) {
      const path = childPath(directory, name);
      if (name.startsWith(whiteoutPrefix)) throw unsafe(path);
      paths.push(path);
      if (!isDirectory) continue;
      if (isNew) markers.push(childPath(path, opaqueMarker));
      await collect(path);
    }
  }
  await collect("");
  return { paths, markers: [...new Set(markers)] };
}

function unsafe(path: string): StevedoreError {
  return new StevedoreError(
    "UNSAFE_ENTRY",
    `${JSON.stringify(`/${readablePath(path)}`)} cannot be in a layer, where a name that begins with ${whiteoutPrefix} stands for a deletion: rename it`,
  );
}
