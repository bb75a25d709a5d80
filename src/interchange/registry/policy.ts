// Where a worker may pull from and push to, and by what rules: what its operator decides.
import type { AllowedHost, DownloadLimits } from "../../outbound/index.js";

/** Where a worker may pull from and push to, and by what rules. Made once per worker. */
export interface RegistryPolicy {
  /** The registries that may be asked (`--allow-registry`): a host, on any port or on one. */
  readonly allowedHosts: readonly AllowedHost[];
  /** Those that are asked by plain HTTP (`--registry-insecure`). */
  readonly insecureHosts: readonly AllowedHost[];
  /** Where pulls from a host, such as `docker.io`, are tried first (`--registry-mirror HOST=URL`), in this order. */
  readonly mirrors: ReadonlyMap<string, readonly URL[]>;
  /** A `config.json` of Docker with credentials (`--registry-auth FILE`), read anew for each pull and push. */
  readonly authFile: string | undefined;
  /** Certificates in PEM that are trusted beside the system's (`--registry-ca FILE`). */
  readonly caFile: string | undefined;
  /**
   * Whether redirects of blobs and token servers may have private addresses. Those of an allowed host and of a mirror may
   * in any case.
   */
  readonly allowPrivateAddresses: boolean;
  /** How long one document, blob or upload may take, and how often one that breaks is resumed. */
  readonly limits: DownloadLimits;
  /** How many blobs are fetched or sent at a time (`--registry-concurrency`). */
  readonly concurrency: number;
}
