// The flags that set up a worker, and what they become.
import { resolve } from "node:path";
import type { Command } from "commander";
import { defaultLimits } from "../worker/limits.js";
import type { OwnWorkerOptions } from "./queue-session.js";
import { several, wholeNumber } from "./run-command.js";

/** What a layer may be like: of use wherever a command's own worker stores one. */
export interface LayerFlags {
  readonly allowSquash?: boolean;
  readonly maxLayerBytes?: number;
  readonly maxLayerEntries?: number;
}

/** How much of the host a worker uses. */
export interface ThreadFlags {
  readonly threads?: number;
  readonly xzMemory?: number;
}

/** Where a worker may mount. */
export interface MountDirectoryFlag {
  readonly mountDir?: string[];
}

/** The host that is to do a job. */
export interface HostFlag {
  readonly host?: string;
}

/** All that an operator can say of a worker that serves others. */
export interface WorkerFlags extends LayerFlags, ThreadFlags, MountDirectoryFlag {
  readonly storeConcurrency?: number;
  readonly checksumConcurrency?: number;
  readonly allowSource?: string[];
  readonly allowHost?: string[];
  readonly allowPrivateAddresses?: boolean;
  readonly grace: number;
}

export function addLayerFlags(command: Command): Command {
  return command
    .option("--allow-squash", "store layers without their owners when not root")
    .option(
      "--max-layer-bytes <n>",
      `refuse an archive that unpacks to more bytes (default: ${defaultLimits.maxBytes})`,
      wholeNumber(1),
    )
    .option(
      "--max-layer-entries <n>",
      `refuse an archive with more entries (default: ${defaultLimits.maxEntries})`,
      wholeNumber(1),
    );
}

export function addThreadFlags(command: Command): Command {
  return command
    .option("--threads <n>", "CPU threads that compressors share (default: the host's)", wholeNumber(1))
    .option(
      "--xz-memory <bytes>",
      "memory that compressors may take: it lowers their threads",
      wholeNumber(1),
    );
}

export function addMountFlag(command: Command): Command {
  return command.option(
    "--mount-dir <dir>",
    "let images be mounted below this directory; repeatable, new ones are made in the first (default: <root>/mounts)",
    several,
  );
}

/** The flag by which a command says which host is to do its job; see `ofHost`. */
export function addHostFlag(command: Command, which: string): Command {
  return command.option("--host <name>", which);
}

/** What that flag adds to a job's data: the environment's host is only this host's own name. */
export function ofHost({ host }: HostFlag): { readonly host?: string } {
  return host === undefined ? {} : { host };
}

export function addWorkerFlags(command: Command): Command {
  return addMountFlag(addThreadFlags(addLayerFlags(command)))
    .option(
      "--host <name>",
      "what this host is called among those that share the root or the queue (default: $STEVEDORE_HOST or the system's name)",
    )
    .option(
      "--store-concurrency <n>",
      "layers stored at a time, and as many commits of this host's own (default: the host's threads)",
      wholeNumber(1),
    )
    .option("--checksum-concurrency <n>", "checksum jobs taken at a time (default: 16)", wholeNumber(1))
    .option("--allow-source <dir>", "let jobs read paths below this directory; repeatable", several)
    .option("--allow-host <host>", "let jobs read URLs of this host or host:port; repeatable", several)
    .option("--allow-private-addresses", "let such a host have a private or loopback address")
    .option("--grace <seconds>", "how long running jobs may take to end at shutdown", wholeNumber(0), 30);
}

/** The worker's settings that the flags stand for; flags that a command does not have are left out. */
export function workerOptions(flags: Partial<WorkerFlags>): OwnWorkerOptions {
  const { maxLayerBytes, maxLayerEntries, storeConcurrency, checksumConcurrency } = flags;
  return {
    threads: flags.threads,
    xzMemory: flags.xzMemory,
    allowSquash: flags.allowSquash,
    allowedHosts: flags.allowHost,
    allowPrivateAddresses: flags.allowPrivateAddresses,
    allowedSources: flags.allowSource,
    mountDirectories: flags.mountDir?.map((directory) => resolve(directory)),
    limits: {
      ...(maxLayerBytes === undefined ? {} : { maxBytes: maxLayerBytes }),
      ...(maxLayerEntries === undefined ? {} : { maxEntries: maxLayerEntries }),
    },
    concurrency: {
      ...(storeConcurrency === undefined ? {} : { store: storeConcurrency }),
      ...(checksumConcurrency === undefined ? {} : { checksum: checksumConcurrency }),
    },
  };
}
