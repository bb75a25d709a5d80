// What a reference to a registry stands for, as an OCI layout whose blobs are fetched when they are opened. A layer goes
// from the socket to whoever reads it; manifests and configs are held in memory, for they are read more than once.
import { Readable } from "node:stream";
import { StevedoreError } from "../../terms/index.js";
import { type Descriptor, documentKind, index, layerKind, manifest, mediaTypes } from "../formats/index.js";
import type { Repository } from "../registry/index.js";
import type { SourceFile, SourceFiles } from "../source/index.js";

/** The documents of a registry that need not be fetched, by their digests. */
export type KnownDocuments = (digest: string) => Promise<Buffer | undefined>;

/** A layout in a registry. */
export interface RemoteFiles {
  readonly files: SourceFiles;
  /** What the reference stands for. */
  readonly top: Descriptor;
  /** How many bytes of manifests and configs were fetched. */
  documentBytes(): number;
}

/** What a registry answers for a manifest. */
type FetchedManifest = Awaited<ReturnType<Repository["manifest"]>>;

/**
 * Opens what a manifest or an index stands for. A blob can be found once what lists it was read.
 * @throws `BAD_ARCHIVE` for a manifest of schema 1, and for what is neither a manifest nor an index
 */
export function openRemoteFiles(
  repository: Repository,
  fetched: FetchedManifest,
  known: KnownDocuments,
  signal: AbortSignal,
): RemoteFiles {
  const top = describe(fetched);
  const descriptors = new Map<string, Descriptor>([[top.digest, top]]);
  const documents = new Map<string, Promise<Buffer>>([[top.digest, Promise.resolve(fetched.bytes)]]);
  const missing = new Set<string>();
  let documentBytes = fetched.bytes.length;
  learn(fetched.bytes);

  /** Notes what a document lists: that has its size from there. */
  function learn(bytes: Buffer): void {
    for (const descriptor of listedIn(bytes)) {
      if (!descriptors.has(descriptor.digest)) descriptors.set(descriptor.digest, descriptor);
    }
  }

  async function fetchDocument({ digest, size, mediaType }: Descriptor): Promise<Buffer> {
    const held = await known(digest);
    const isConfig = documentKind(mediaType) === "config";
    const bytes = held ?? (await (isConfig ? blob() : manifestBytes()));
    if (held === undefined) documentBytes += bytes.length;
    if (!isConfig) learn(bytes);
    return bytes;

    async function manifestBytes(): Promise<Buffer> {
      try {
        return (await repository.manifest(digest)).bytes;
      } catch (error) {
        if (error instanceof StevedoreError && error.code === "SOURCE_NOT_FOUND") missing.add(digest);
        throw error;
      }
    }
    async function blob(): Promise<Buffer> {
      const chunks: Buffer[] = [];
      for await (const chunk of repository.blob({ digest, size }, signal)) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    }
  }

  async function openDocument(descriptor: Descriptor): Promise<Readable> {
    const { digest } = descriptor;
    const document = documents.get(digest) ?? fetchDocument(descriptor);
    documents.set(digest, document);
    try {
      return Readable.from([await document], { objectMode: false });
    } catch (error) {
      documents.delete(digest);
      throw error;
    }
  }

  async function find(name: string): Promise<SourceFile | undefined> {
    const descriptor = descriptors.get(name.replace("blobs/sha256/", "sha256:"));
    if (descriptor === undefined || missing.has(descriptor.digest)) return undefined;
    const { mediaType, digest, size } = descriptor;
    // Its licence may keep it elsewhere.
    const isForeign = layerKind(mediaType) === "foreign";
    if (isForeign && (await repository.hasBlob(digest)) === undefined) return undefined;
    const isDocument = documentKind(mediaType) !== undefined;
    const open = async () =>
      isDocument ? openDocument(descriptor) : repository.blob({ digest, size }, signal);
    return { name: digest, size, open };
  }

  const files: SourceFiles = {
    find,
    directories: async () => [],
    lacksEnd: false,
    async [Symbol.asyncDispose]() {},
  };
  return { files, top, documentBytes: () => documentBytes };
}

/** Tells what a registry has answered: by the document itself if it says so, else by the type of the answer. */
function describe({ bytes, digest, mediaType: answered }: FetchedManifest): Descriptor {
  const content = parse(bytes);
  const type = answered.split(";", 1)[0]?.trim() ?? "";
  if (content?.schemaVersion === 1 || type.startsWith("application/vnd.docker.distribution.manifest.v1+")) {
    throw bad(digest, "is a manifest of schema 1, which Docker gave up in 2017, and which is not read");
  }
  const own =
    typeof content?.mediaType === "string" && content.mediaType !== "" ? content.mediaType : undefined;
  const said = [own, type].find((one) => one !== undefined && documentKind(one) !== undefined);
  const guessed = content?.manifests === undefined ? mediaTypes.oci.manifest : mediaTypes.oci.index;
  const mediaType = own ?? said ?? guessed;
  const kind = documentKind(mediaType);
  if (kind !== "manifest" && kind !== "index") {
    throw bad(digest, `is ${JSON.stringify(mediaType.slice(0, 255))}, and neither a manifest nor an index`);
  }
  return { mediaType, digest, size: bytes.length };
}

function listedIn(bytes: Buffer): readonly Descriptor[] {
  const content = parse(bytes);
  const asManifest = manifest.safeParse(content);
  if (asManifest.success) return [asManifest.data.config, ...(asManifest.data.layers ?? [])];
  const asIndex = index.safeParse(content);
  return asIndex.success ? (asIndex.data.manifests ?? []) : [];
}

/** Undefined for what is no object: whoever needs the document says what is wrong with it. */
function parse(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function bad(digest: string, what: string): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", `what the registry has as ${digest} ${what}`);
}
