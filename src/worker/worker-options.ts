// What a worker is started with.
import type { QueueName } from "../jobs/index.js";
import type { WorkerLimits } from "./limits.js";
import type { Log } from "./log.js";
import type { WorkerTiming } from "./timing.js";

export interface WorkerOptions {
  /** Any of the forms of docs/redis.md: `redis://`, `rediss+cluster://`, `redis+sentinel://` … */
  readonly redis: string;
  /** The name the graph is served under. Default `default`. */
  readonly graph?: string | undefined;
  /** The directory that holds `graph/`; made if missing. */
  readonly root: string;
  /** The name of this host among those that share the root or the queue. Default: the system's host name. */
  readonly host?: string | undefined;
  /** CPU threads that compressors share. Default: as many as the host has. */
  readonly threads?: number | undefined;
  /** The most memory that compressors may take, in bytes: it lowers the number of threads. */
  readonly xzMemory?: number | undefined;
  /**
   * Bytes of the blocks of unfinished checksums that the root keeps; 0 keeps none, and a checksum that was ended begins
   * anew. Default: 4 GiB.
   */
  readonly blockCache?: number | undefined;
  /**
   * The most bytes of blocks that are left to compressors at a time: Redis holds them, and so does this process. 0 leaves
   * them none. Default: 256 MiB.
   */
  readonly offloadMemory?: number | undefined;
  /** Jobs of a queue that are worked on at a time. */
  readonly concurrency?: Partial<Record<QueueName, number>> | undefined;
  /** Directories that a job's `path` may lie in, besides the root's inbox. */
  readonly allowedSources?: readonly string[] | undefined;
  /** Hosts that a job's `url` may name, as `host` (on any port) or `host:port`. Default: none. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Registries that jobs may pull from and push to, as `allowedHosts`; Docker's is `docker.io`. Default: none. */
  readonly allowedRegistries?: readonly string[] | undefined;
  /** Those that are asked by plain HTTP, as `allowedHosts`. */
  readonly insecureRegistries?: readonly string[] | undefined;
  /** Where pulls are tried first: `HOST=URL`, such as `docker.io=https://mirror.example`, in this order. */
  readonly registryMirrors?: readonly string[] | undefined;
  /** A `config.json` of Docker with the credentials of registries, read anew for each job. Default: none are sent. */
  readonly registryAuthFile?: string | undefined;
  /** Certificates in PEM of authorities that are trusted for registries, beside the system's. */
  readonly registryCaFile?: string | undefined;
  /** How many layers of an image are pulled or pushed at a time. Default: 3. */
  readonly registryConcurrency?: number | undefined;
  /** Whether such a host, or one of `notifyHosts`, may have a private or loopback address. Default: false. */
  readonly allowPrivateAddresses?: boolean | undefined;
  /** Hosts that callbacks may name, as `allowedHosts`. Default: none, and this worker sends no notifications. */
  readonly notifyHosts?: readonly string[] | undefined;
  /** The file of the secrets by which notifications are signed: `whsec_` and base64, one a line. */
  readonly notifySecretFile?: string | undefined;
  /** Directories below which images may be mounted; unnamed targets are made in the first. Default: `<root>/mounts`. */
  readonly mountDirectories?: readonly string[] | undefined;
  /** The limit `toolSilenceMs` holds for the whole process. */
  readonly limits?: Partial<WorkerLimits> | undefined;
  /**
   * True to test the xz engine only when a job needs it: for a worker that runs a few jobs, most of which compute no
   * checksum. Default: false, at the start.
   */
  readonly provesEngineLate?: boolean | undefined;
  /** How long an export stays in the outbox that nobody fetches, in ms. Default: until somebody removes it. */
  readonly keepExportsMs?: number | undefined;
  /** Store layers without their owners when this process is not root. */
  readonly allowSquash?: boolean | undefined;
  /** Called with a line about whatever happens. */
  readonly log?: Log | undefined;
  /** @internal For tests: which share of the blocks of compressors is made here again. */
  readonly checkedShare?: number | undefined;
  /** @internal For tests, which would have to wait otherwise. */
  readonly timing?: Partial<WorkerTiming> | undefined;
}
