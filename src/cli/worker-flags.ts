// The flags that configure a worker, and the options that they become.
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { defaultBatchBytes, defaultJobBytes } from "../jobs/index.js";
import {
  defaultBlockCache,
  defaultLimits,
  defaultOffloadMemory,
  parseAllowedHost,
  type WorkerLimits,
} from "../worker/index.js";
import type { OwnWorkerOptions } from "./embedded/index.js";
import {
  type AllowRegistryFlag,
  addAllowRegistryFlag,
  addDownloadFlags,
  addRegistryFlags,
  type DownloadFlags,
  type RegistryFlags,
  registryOptions,
} from "./registry-flags.js";
import { duration, several, wholeNumber } from "./run-command.js";

/** For commands whose own worker runs tools of the host: how long one may be stuck. */
interface ToolFlags {
  readonly toolSilence?: number;
}

/** For commands whose own worker stores an image: the limits of an image. */
export interface LayerFlags extends ToolFlags {
  readonly allowSquash?: boolean;
  readonly maxLayerBytes?: number;
  readonly maxLayerEntries?: number;
  readonly maxRecordBytes?: number;
  readonly maxJobBytes?: number;
}

/** For commands whose own worker imports images. */
export interface ImportFlags extends LayerFlags {
  readonly maxImportBytes?: number;
}

/** How much of the host a worker may use. */
export interface ThreadFlags extends ToolFlags {
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

/** All flags of a worker that serves others. */
export interface WorkerFlags
  extends ImportFlags,
    ThreadFlags,
    MountDirectoryFlag,
    RegistryFlags,
    AllowRegistryFlag,
    DownloadFlags {
  readonly blockCache?: number;
  readonly storeConcurrency?: number;
  readonly checksumConcurrency?: number;
  readonly offloadMemory?: number;
  readonly allowSource?: string[];
  readonly allowHost?: string[];
  readonly allowNotify?: string[];
  readonly notifySecretFile?: string;
  readonly keepExports: number | "forever";
  readonly grace: number;
}

export function addLayerFlags(command: Command): Command {
  return addToolFlag(addImageFlags(command));
}

export function addImportFlags(command: Command): Command {
  return addImportFlag(addLayerFlags(command));
}

export function addThreadFlags(command: Command): Command {
  return addToolFlag(addCpuFlags(command));
}

function addImageFlags(command: Command): Command {
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
    )
    .option(
      "--max-record-bytes <n>",
      `refuse an image record of more bytes (default: ${defaultLimits.maxRecordBytes})`,
      wholeNumber(1),
    )
    .option(
      "--max-job-bytes <n>",
      `refuse a job whose data has more bytes (default: ${defaultJobBytes}, or ${defaultBatchBytes} for a batch)`,
      wholeNumber(1),
    );
}

function addImportFlag(command: Command): Command {
  return command.option(
    "--max-import-bytes <n>",
    `refuse to import layers that unpack to more bytes together (default: ${defaultLimits.maxImportBytes})`,
    wholeNumber(1),
  );
}

function addToolFlag(command: Command): Command {
  return command.option(
    "--tool-silence <seconds>",
    `kill tar, xz and the like when stuck for so long (default: ${defaultLimits.toolSilenceMs / 1_000})`,
    wholeNumber(1),
  );
}

function addCpuFlags(command: Command): Command {
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

/** Adds the flag for the host that a command's job goes to; see `ofHost`. */
export function addHostFlag(command: Command, which: string): Command {
  return command.option("--host <name>", which);
}

/** The field that this flag adds to a job's data. Not from the environment: there it is the name of this host itself. */
export function ofHost({ host }: HostFlag): { readonly host?: string } {
  return host === undefined ? {} : { host };
}

export function addWorkerFlags(command: Command): Command {
  addMountFlag(addToolFlag(addCpuFlags(addImportFlag(addImageFlags(command)))))
    .option(
      "--host <name>",
      "what this host is called among those that share the root or the queue (default: $STEVEDORE_HOST or the system's name)",
    )
    .option(
      "--block-cache <bytes>",
      `what the root may keep of checksums that are not finished, 0 for nothing (default: ${defaultBlockCache})`,
      wholeNumber(0),
    )
    .option(
      "--store-concurrency <n>",
      "layers stored at a time, and as many commits of this host's own (default: the host's threads)",
      wholeNumber(1),
    )
    .option("--checksum-concurrency <n>", "checksum jobs taken at a time (default: 16)", wholeNumber(1))
    .option(
      "--offload-memory <bytes>",
      `blocks left to compressors at a time, 0 for none (default: ${defaultOffloadMemory})`,
      wholeNumber(0),
    )
    .option("--allow-source <dir>", "let jobs read paths below this directory; repeatable", several)
    .option("--allow-host <host>", "let jobs read URLs of this host or host:port; repeatable", severalHosts)
    .option(
      "--allow-notify <host>",
      "send callbacks to this host or host:port when a job has ended; repeatable",
      severalHosts,
    )
    .option("--notify-secret-file <file>", "the secrets that sign callbacks, whsec_ and base64, one a line")
    .option("--allow-private-addresses", "let a host of these have a private or loopback address");
  return addDownloadFlags(addRegistryFlags(addAllowRegistryFlag(command)))
    .addOption(
      new Option(
        "--keep-exports <time>",
        "how long an export that nobody fetches stays in the outbox, such as 12h or 30d, or forever",
      )
        .argParser((text) => (text === "forever" ? text : duration(text)))
        .default(duration("7d"), "7d"),
    )
    .option("--grace <seconds>", "how long running jobs may take to end at shutdown", wholeNumber(0), 30);
}

/** The worker options of the flags; a command need not have all flags. */
export function workerOptions(flags: Partial<WorkerFlags>): OwnWorkerOptions {
  const { storeConcurrency, checksumConcurrency } = flags;
  return {
    ...registryOptions(flags),
    threads: flags.threads,
    xzMemory: flags.xzMemory,
    blockCache: flags.blockCache,
    offloadMemory: flags.offloadMemory,
    allowSquash: flags.allowSquash,
    allowedHosts: flags.allowHost,
    allowPrivateAddresses: flags.allowPrivateAddresses,
    notifyHosts: flags.allowNotify,
    notifySecretFile: flags.notifySecretFile,
    allowedSources: flags.allowSource,
    keepExportsMs: flags.keepExports === "forever" ? undefined : flags.keepExports,
    mountDirectories: flags.mountDir?.map((directory) => resolve(directory)),
    limits: limitsOf(flags),
    concurrency: {
      ...(storeConcurrency === undefined ? {} : { store: storeConcurrency }),
      ...(checksumConcurrency === undefined ? {} : { checksum: checksumConcurrency }),
    },
  };
}

function severalHosts(host: string, earlier: readonly string[] | undefined): string[] {
  try {
    parseAllowedHost(host);
  } catch {
    throw new InvalidArgumentError("Name a host as host or host:port.");
  }
  return several(host, earlier);
}

function limitsOf(flags: Partial<WorkerFlags>): Partial<WorkerLimits> {
  const ms = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1_000);
  const given = {
    maxBytes: flags.maxLayerBytes,
    maxEntries: flags.maxLayerEntries,
    maxImportBytes: flags.maxImportBytes,
    maxRecordBytes: flags.maxRecordBytes,
    maxJobBytes: flags.maxJobBytes,
    toolSilenceMs: ms(flags.toolSilence),
    downloadMs: ms(flags.downloadTime),
    downloadSilenceMs: ms(flags.downloadSilence),
    downloadResumes: flags.downloadResumes,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
