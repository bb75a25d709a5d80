// The blobs of the repository that is pushed to: those that are there, those that come from another repository of the
// registry, and those that are sent. Each is asked for, and sent, once.
import { Readable } from "node:stream";
import type { Repository } from "../registry/index.js";
import type { MountSources } from "./mount-sources.js";

/** A blob by its digest, and its size in bytes. */
export interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** Where a blob came from that the repository has. */
export type BlobOrigin = "present" | "mounted" | "sent";

/** The blobs of a repository. */
export interface TargetBlobs {
  /**
   * Tells whether the repository has a blob, and gets it from another one of its registry if it can.
   * @param id the image of the graph whose layer or config it is
   */
  find(blob: Blob, id: string): Promise<BlobOrigin | undefined>;
  /** Sends a blob that was not found. */
  send(
    blob: Blob,
    open: (start: number) => Promise<Readable>,
    onSent?: ((bytes: number) => void) | undefined,
  ): Promise<void>;
  /** The same for a document, which is sent where it is not found. */
  put(blob: Blob, bytes: Buffer, id: string): Promise<void>;
  /** Whence the repository has a blob that was found or sent. */
  originOf(digest: string): BlobOrigin | undefined;
}

/** Opens the blobs of a repository. */
export function openTargetBlobs(repository: Repository, sources: MountSources): TargetBlobs {
  const origins = new Map<string, BlobOrigin>();
  const looks = new Map<string, Promise<BlobOrigin | undefined>>();
  const sends = new Map<string, Promise<void>>();

  async function look({ digest, size }: Blob, id: string): Promise<BlobOrigin | undefined> {
    // A blob of another length cannot have the digest: it is no answer to be relied on.
    if ((await repository.hasBlob(digest)) === size) return "present";
    for (const source of await sources(id)) {
      if (await repository.mountBlob(digest, source)) return "mounted";
    }
    return undefined;
  }

  const blobs: TargetBlobs = {
    async find(blob, id) {
      const known = origins.get(blob.digest);
      if (known !== undefined) return known;
      const found = looks.get(blob.digest) ?? look(blob, id);
      looks.set(blob.digest, found);
      const origin = await found;
      if (origin !== undefined) origins.set(blob.digest, origin);
      return origin;
    },
    async send(blob, open, onSent) {
      const sent = sends.get(blob.digest) ?? repository.uploadBlob(blob, open, onSent);
      sends.set(blob.digest, sent);
      await sent;
      origins.set(blob.digest, "sent");
    },
    async put(blob, bytes, id) {
      if ((await blobs.find(blob, id)) !== undefined) return;
      await blobs.send(blob, async (start) => Readable.from([bytes.subarray(start)], { objectMode: false }));
    },
    originOf: (digest) => origins.get(digest),
  };
  return blobs;
}
