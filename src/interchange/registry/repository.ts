// A repository of a registry, as pulls and pushes see it.
import type { Readable } from "node:stream";

/** What a repository is asked for. */
export type RegistryAction = "pull" | "push";

/** A blob, as a manifest describes it. */
export interface BlobDescriptor {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

/** A manifest or an index. */
export interface FetchedManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  /** The sha256 of the bytes, as `sha256:…`. */
  readonly digest: string;
}

/**
 * A repository of a registry. Every method throws `SOURCE_FORBIDDEN` (for a push `TARGET_FORBIDDEN`) for what may not be
 * asked or is refused by the registry, `LIMIT_EXCEEDED` for what is too large or takes too long, `INTERNAL` for a registry
 * that fails, `CANCELLED`. No message holds a credential, a header or a query.
 */
export interface Repository {
  /**
   * Fetches a manifest or an index by a tag or a digest; 4 MiB at most.
   * @throws `SOURCE_NOT_FOUND`; `SOURCE_MISMATCH` if it has not the digest; `BAD_ARCHIVE` for one of schema 1
   */
  manifest(reference: string): Promise<FetchedManifest>;
  /** Whether there is a manifest of that digest or tag. */
  hasManifest(reference: string): Promise<boolean>;
  /**
   * Streams a blob: exactly `size` bytes, resumed where it breaks. The digest is checked by whoever reads it.
   * The stream fails with `SOURCE_NOT_FOUND`, with `SOURCE_MISMATCH` if the registry has another size, and as above.
   */
  blob(descriptor: BlobDescriptor, signal: AbortSignal): Readable;
  /** The size of a blob in bytes; undefined if it is not there, or if the registry does not tell. */
  hasBlob(digest: string): Promise<number | undefined>;
  /** Makes a blob of another repository of the registry one of this repository; false if that cannot be. */
  mountBlob(digest: string, fromRepository: string): Promise<boolean>;
  /**
   * Sends a blob, and goes on where that breaks. Needs a repository for pushes, as mounts and manifests do.
   * @param open gives the blob's bytes from `start` on; called again to go on
   * @param onSent hears how many bytes of the blob the registry has taken so far
   */
  uploadBlob(
    blob: BlobDescriptor,
    open: (start: number) => Promise<Readable>,
    onSent?: (bytes: number) => void,
  ): Promise<void>;
  /** Stores a manifest under a tag or its digest, and checks the digest that the registry gives it. */
  putManifest(reference: string, mediaType: string, bytes: Buffer): Promise<void>;
}
