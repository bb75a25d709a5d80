// A directory as one tar stream that is the same on every host. The xz recipes compress it, and a directory that is
// stored becomes an archive by it.
import { addAbortSignal, PassThrough, pipeline, type Readable } from "node:stream";
import { run, start, tools } from "../host/index.js";
import { StevedoreError } from "../terms/index.js";
import { fillDeviceFields } from "./tar/index.js";
import { toolOutput } from "./tool-output.js";

/** A canonical tar that is being written. */
export interface PackedTar {
  /** The archive. It ends also where tar fails: it is whole only if `done` resolves. */
  readonly stdout: Readable;
  /** Settles when tar has ended; rejects with a `StevedoreError`. */
  readonly done: Promise<void>;
}

/**
 * The arguments of GNU tar for the canonical archive of a directory, on stdout.
 *
 * The options pin what differs between hosts or runs: the order of the names, the owners (by number), the names of the
 * extended headers (which once held tar's process id by default). Access and change times are left out. Only those
 * extended attributes are taken that belong to the file and not to the host (GNU tar manual, "Reproducibility").
 */
export function canonicalTarArguments(layerDirectory: string): string[] {
  return ["--sort=name", ...canonicalEntryOptions, "-C", layerDirectory, "-cf", "-", "."];
}

/** How the canonical archive writes an entry, whatever the order of the entries. */
export const canonicalEntryOptions: readonly string[] = [
  "--format=posix",
  "--numeric-owner",
  "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
  "--xattrs",
  "--xattrs-include=security.capability",
  "--xattrs-include=user.*",
];

/**
 * Yields the canonical tar of a directory. Sockets are left out, as tar does.
 * @throws `INTERNAL` with tar's stderr if something could not be read or changed while it was read;
 * `TOOL_MISSING`, `CANCELLED`.
 */
export function canonicalTar(
  layerDirectory: string,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  return fillDeviceFields(toolOutput(tools.tar, canonicalTarArguments(layerDirectory), { signal }));
}

/** Starts the same archive as a stream, for what takes one. `done` rejects with the errors of `canonicalTar`. */
export function packCanonicalTar(layerDirectory: string, signal?: AbortSignal | undefined): PackedTar {
  const { stdin, stdout, done } = start(tools.tar, canonicalTarArguments(layerDirectory), { signal });
  stdin.end();
  // Node throws away what a process wrote if nobody reads it before the process ends, so it is read at once.
  const archive = new PassThrough();
  pipeline(stdout, fillDeviceFields, archive, () => undefined);
  // tar cannot end while its output is not read, so an abort has to end the reading too.
  if (signal !== undefined) addAbortSignal(signal, archive);
  return { stdout: archive, done };
}

/** The oldest GNU tar whose archives are the canonical ones, as `1.MINOR`. */
const oldestMinor = 30;
/** The first GNU tar that leaves the device fields empty, as `1.MINOR`. */
const firstWithEmptyFields = 35;

/** A GNU tar that is new enough. */
export interface CheckedTar {
  readonly version: string;
  /** True if it leaves the device fields empty, so that the line of shell has to fill them. */
  readonly leavesFieldsEmpty: boolean;
}

/**
 * Checks that `tar` is a GNU tar that can write the canonical archive.
 *
 * 1.28 brought `--sort=name`, and 1.30 is the first whose `--numeric-owner` also covers the extended headers
 * (NEWS of GNU tar).
 * @throws `TOOL_MISSING` saying what was found and what is needed.
 */
export async function checkTar(signal?: AbortSignal | undefined): Promise<CheckedTar> {
  const banner = (await run(tools.tar, ["--version"], { failure: "TOOL_MISSING", signal })).split("\n", 1)[0];
  const [, version, minor] = /^tar \(GNU tar\) (1\.(\d+)\S*)$/.exec(banner ?? "") ?? [];
  if (version === undefined || Number(minor) < oldestMinor) {
    throw new StevedoreError(
      "TOOL_MISSING",
      `tar is ${JSON.stringify(banner)}, but GNU tar 1.${oldestMinor} or newer is needed (package ${tools.tar.package})`,
    );
  }
  return { version, leavesFieldsEmpty: Number(minor) >= firstWithEmptyFields };
}
