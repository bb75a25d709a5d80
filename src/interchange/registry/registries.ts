// The registries that a worker may ask, over connections that all its pulls and pushes share.
import { sizeOfBlob, streamBlob } from "./blobs.js";
import { endpointsOf, isNamed } from "./endpoints.js";
import { openConnections, pulling, pushing } from "./http/index.js";
import { createLine, type Line } from "./lines.js";
import { fetchManifest, hasManifest, putManifest } from "./manifests.js";
import type { RegistryPolicy } from "./policy.js";
import type { RegistryAction, Repository } from "./repository.js";
import { mountBlob, uploadBlob } from "./uploads.js";

/** Where a repository is, as a reference says it. */
export interface RepositoryAddress {
  /** Such as `docker.io` or `localhost:5000`. */
  readonly host: string;
  /** Such as `library/busybox`. */
  readonly repository: string;
}

/** The registries of a worker. */
export interface Registries {
  /** How many blobs are fetched or sent at a time. */
  readonly concurrency: number;
  /**
   * Opens a repository for one pull or push; nothing is asked yet.
   * @throws `SOURCE_FORBIDDEN`, for a push `TARGET_FORBIDDEN`, if its host is not allowed
   */
  repository(address: RepositoryAddress, action: RegistryAction, signal: AbortSignal): Repository;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Opens the registries that a policy allows.
 * @throws `INVALID_OPTION` if `caFile` cannot be read
 */
export function openRegistries(policy: RegistryPolicy): Registries {
  const connections = openConnections(policy.caFile, (origin) => isNamed(origin, policy));
  return {
    concurrency: policy.concurrency,
    repository({ host, repository }, action, signal) {
      const kind = action === "push" ? pushing : pulling;
      const lines = endpointsOf(host, policy, kind).map((endpoint) =>
        createLine(endpoint, { policy, repository, sender: { connections, kind, signal } }),
      );
      return createRepository(lines, policy.limits.downloadResumes, signal);
    },
    close: () => connections.close(),
  };
}

function createRepository(lines: readonly Line[], resumes: number, signal: AbortSignal): Repository {
  // A push has one line.
  const own = lines.at(-1) as Line;
  return {
    manifest: (reference) => fetchManifest(lines, reference, signal),
    hasManifest: (reference) => hasManifest(lines, reference, signal),
    blob: (descriptor, reader) => streamBlob(lines, descriptor, resumes, reader),
    hasBlob: (digest) => sizeOfBlob(lines, digest, signal),
    mountBlob: (digest, from) => mountBlob(own, digest, from, signal),
    uploadBlob: (blob, open, onSent = () => undefined) =>
      uploadBlob(own, { blob, open, onSent }, resumes, signal),
    putManifest: (reference, mediaType, bytes) => putManifest(own, reference, { mediaType, bytes }, signal),
  };
}
