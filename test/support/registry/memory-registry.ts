// A registry in memory, behind the interface of the client: for what does not depend on how it is asked. It keeps a list of
// what it was asked for, and does as a test says.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Registries, Repository } from "../../../src/interchange/registry/index.js";
import { StevedoreError } from "../../../src/terms/index.js";
import { type Descriptor, readIndex } from "../images/oci-layout.js";
import { digestOf } from "../images/small-layout.js";

interface Kept {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, { readonly bytes: Buffer; readonly mediaType: string }>;
}

export interface MemoryRegistry extends Registries {
  /** What was asked for since the last call: `GET manifest 1`, `HEAD blob sha256:…`, `PUT manifest 2`. */
  requests(): string[];
  /** Takes up the blobs of a layout, and its first image under a tag. */
  load(layout: string, repository: string, tag: string): Descriptor;
  /** Stores a manifest as it is. */
  store(repository: string, tag: string, mediaType: string, bytes: Buffer): void;
  /** The blobs of a repository, which a test may change. */
  blobs(repository: string): Map<string, Buffer>;
  /** Is called before each request is answered. */
  onRequest: ((request: string) => Promise<void> | void) | undefined;
}

/** Makes an empty one, which has any host. */
export function memoryRegistry(): MemoryRegistry {
  const repositories = new Map<string, Kept>();
  let log: string[] = [];
  const kept = (name: string): Kept => {
    const one = repositories.get(name) ?? { blobs: new Map(), manifests: new Map() };
    repositories.set(name, one);
    return one;
  };
  const asked = async (request: string) => {
    log.push(request);
    await registry.onRequest?.(request);
  };
  const open = (name: string): Repository => ({
    async manifest(reference) {
      await asked(`GET manifest ${reference}`);
      const found = kept(name).manifests.get(reference);
      if (found === undefined) throw new StevedoreError("SOURCE_NOT_FOUND", `there is no ${reference}`);
      return { ...found, digest: digestOf(found.bytes) };
    },
    async hasManifest(reference) {
      await asked(`HEAD manifest ${reference}`);
      return kept(name).manifests.has(reference);
    },
    blob({ digest }) {
      async function* bytes() {
        await asked(`GET blob ${digest}`);
        const found = kept(name).blobs.get(digest);
        if (found === undefined) throw new StevedoreError("SOURCE_NOT_FOUND", `there is no ${digest}`);
        yield found;
      }
      return Readable.from(bytes(), { objectMode: false });
    },
    async hasBlob(digest) {
      await asked(`HEAD blob ${digest}`);
      return kept(name).blobs.get(digest)?.length;
    },
    async mountBlob(digest, from) {
      await asked(`MOUNT blob ${digest} from ${from}`);
      const found = repositories.get(from)?.blobs.get(digest);
      if (found !== undefined) kept(name).blobs.set(digest, found);
      return found !== undefined;
    },
    async uploadBlob({ digest, size }, openFrom, onSent) {
      await asked(`PUT blob ${digest}`);
      const chunks: Buffer[] = [];
      for await (const chunk of await openFrom(0)) chunks.push(chunk as Buffer);
      const bytes = Buffer.concat(chunks);
      // As a connection that breaks half-way, and goes on from there.
      const half = bytes.length >> 1;
      const rest: Buffer[] = [];
      for await (const chunk of await openFrom(half)) rest.push(chunk as Buffer);
      if (!Buffer.concat(rest).equals(bytes.subarray(half))) throw new Error("the rest is another");
      if (bytes.length !== size || digestOf(bytes) !== digest) throw new Error("the blob is another");
      kept(name).blobs.set(digest, bytes);
      onSent?.(size);
    },
    async putManifest(reference, mediaType, bytes) {
      await asked(`PUT manifest ${reference}`);
      const { config, layers } = JSON.parse(bytes.toString());
      for (const { digest } of [config, ...layers]) {
        if (!kept(name).blobs.has(digest)) throw new Error(`the repository has no ${digest}`);
      }
      registry.store(name, reference, mediaType, bytes);
    },
  });
  const registry: MemoryRegistry = {
    onRequest: undefined,
    concurrency: 3,
    repository: ({ repository }) => open(repository),
    async close() {},
    requests() {
      const before = log;
      log = [];
      return before;
    },
    load(layout, repository, tag) {
      const [image] = readIndex(layout).manifests;
      if (image === undefined) throw new Error("the layout is empty");
      const add = ({ digest, mediaType }: Descriptor, name?: string): void => {
        const bytes = readFileSync(join(layout, "blobs", digest.replace(":", "/")));
        kept(repository).blobs.set(digest, bytes);
        if (!mediaType.includes("manifest") && !mediaType.includes("index")) return;
        registry.store(repository, name ?? digest, mediaType, bytes);
        const { config, layers, manifests } = JSON.parse(bytes.toString());
        for (const each of [config, ...(layers ?? []), ...(manifests ?? [])]) if (each) add(each);
      };
      add(image, tag);
      return image;
    },
    store(repository, tag, mediaType, bytes) {
      for (const name of [tag, digestOf(bytes)]) kept(repository).manifests.set(name, { bytes, mediaType });
    },
    blobs: (repository) => kept(repository).blobs,
  };
  return registry;
}
