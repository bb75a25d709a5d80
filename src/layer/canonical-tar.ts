// A directory as one tar stream that is the same on every host: the first half of the xz recipes, and
// the way a directory becomes an archive when it is stored.
import { addAbortSignal, PassThrough, pipeline, type Readable } from "node:stream";
import { StevedoreError } from "../error.js";
import { run, start } from "../host/run.js";
import { tools } from "../host/tool.js";
import { toolOutput } from "./tool-output.js";

/** A canonical tar that is being written. */
export interface PackedTar {
  /** The archive. It also ends if tar fails: it is whole only once `done` has resolved. */
  readonly stdout: Readable;
  /** Settles when tar has ended; rejects with a `StevedoreError`. */
  readonly done: Promise<void>;
}

/**
 * The arguments of GNU tar for the canonical archive of a directory, on stdout.
 *
 * What would tell hosts or runs apart is pinned: the order of the names, numeric owners, the names of the
 * extended headers (their default once held tar's process id), no access and change times. Of the extended
 * attributes those stay that belong to the files, not to the host (GNU tar manual, "Reproducibility").
 */
export function canonicalTarArguments(layerDirectory: string): string[] {
  return [
    ...["--sort=name", "--format=posix", "--numeric-owner"],
    "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
    ...["--xattrs", "--xattrs-include=security.capability", "--xattrs-include=user.*"],
    ...["-C", layerDirectory, "-cf", "-", "."],
  ];
}

/**
 * Yields the canonical tar of a directory. Sockets are left out, as tar does.
 * @throws `INTERNAL` with tar's stderr if something could not be read or changed while it was read;
 * `TOOL_MISSING`, `CANCELLED`.
 */
export function canonicalTar(
  layerDirectory: string,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  return toolOutput(tools.tar, canonicalTarArguments(layerDirectory), { signal });
}

/** Starts the same archive as a stream, for what takes one. `done` rejects with the errors of `canonicalTar`. */
export function packCanonicalTar(layerDirectory: string, signal?: AbortSignal | undefined): PackedTar {
  const { stdin, stdout, done } = start(tools.tar, canonicalTarArguments(layerDirectory), { signal });
  stdin.end();
  // Node throws away the output of a process that ends before somebody reads it, so it is read at once.
  const archive = new PassThrough();
  pipeline(stdout, archive, () => undefined);
  // tar cannot end while somebody keeps its output and does not read it.
  if (signal !== undefined) addAbortSignal(signal, archive);
  return { stdout: archive, done };
}

/** The releases of GNU tar whose archives are the canonical ones, first and last, as `1.MINOR`. */
const oldestMinor = 30;
const newestMinor = 34;

/**
 * Checks that `tar` is a GNU tar whose archives have the canonical bytes, and returns its version.
 *
 * 1.28 brought `--sort=name`, and 1.30 is the first whose `--numeric-owner` also covers the extended headers
 * (NEWS of GNU tar). 1.35 leaves the device numbers of what is no device empty where its forerunners write
 * zeros, so every header, and with it every digest, is another.
 * @throws `TOOL_MISSING` saying what was found and what is needed.
 */
export async function checkTar(signal?: AbortSignal | undefined): Promise<{ readonly version: string }> {
  const banner = (await run(tools.tar, ["--version"], { failure: "TOOL_MISSING", signal })).split("\n", 1)[0];
  const [, version, minor] = /^tar \(GNU tar\) (1\.(\d+)\S*)$/.exec(banner ?? "") ?? [];
  if (version === undefined || Number(minor) < oldestMinor || Number(minor) > newestMinor) {
    throw new StevedoreError(
      "TOOL_MISSING",
      `tar is ${JSON.stringify(banner)}, but the canonical archive needs GNU tar 1.${oldestMinor} to ` +
        `1.${newestMinor} (package ${tools.tar.package}): others write other bytes`,
    );
  }
  return { version };
}
