// Reads the directories that skopeo writes as `dir:`. `manifest.json` is the manifest of one image, or a list of them;
// blobs are named by their digests in hex, the manifests of a list too with `.manifest.json` behind (containers/image,
// directory/directory_transport.go). Signatures beside them are not read.
import { z } from "zod";
import { StevedoreError } from "../../terms/index.js";
import {
  type Descriptor,
  digestOf,
  longestDocument,
  type Manifest,
  manifest,
  manifestFile,
  mediaTypes,
  parseDocument,
} from "../formats/index.js";
import type { Skipped } from "./artifacts.js";
import { type DocumentReader, openDocuments } from "./documents.js";
import { findNeeded, type SourceFiles } from "./files/index.js";
import type { LoadableImage } from "./loadable-image.js";
import { readManifests } from "./oci-layout.js";

/** What tells a manifest from a list of them, where it does not say so itself. */
const someManifest = z.looseObject({
  schemaVersion: z.number(),
  mediaType: z.string().nullish(),
  manifests: z.unknown().optional(),
});

/**
 * Lists the images.
 * @param skip called with what is not an image
 * @throws `BAD_ARCHIVE` for a missing blob or a manifest of version 1; `SOURCE_MISMATCH` naming the blob;
 * `LIMIT_EXCEEDED`
 */
export async function readDirLayout(
  documents: DocumentReader,
  maxRecordBytes: number,
  skip: (skipped: Skipped) => void,
): Promise<LoadableImage[]> {
  const { files } = documents;
  const file = await findNeeded(files, manifestFile);
  const bytes = await documents.bytes(file, longestDocument);
  const content = parseDocument(bytes, someManifest, manifestFile);
  if (content.schemaVersion !== 2) {
    throw new StevedoreError(
      "BAD_ARCHIVE",
      `${manifestFile} is a manifest of version ${content.schemaVersion}, and only those of version 2 are read`,
    );
  }
  const type = content.manifests === undefined ? "manifest" : "index";
  if (type === "manifest") await assertBeside(files, parseDocument(bytes, manifest, manifestFile));
  const descriptor: Descriptor = {
    mediaType: content.mediaType || mediaTypes.oci[type],
    digest: digestOf(bytes),
    size: bytes.length,
  };
  const blobs = openDocuments(blobsBeside(files, descriptor), hexOf);
  return readManifests(blobs, [descriptor], maxRecordBytes, skip);
}

/** Other tools may call a manifest so, and put its blobs elsewhere. */
async function assertBeside(files: SourceFiles, { config: { digest } }: Manifest): Promise<void> {
  if ((await files.find(hexOf(digest))) !== undefined) return;
  throw new StevedoreError(
    "BAD_ARCHIVE",
    `${manifestFile} is the manifest of an image, as skopeo writes it to a directory (dir:), but its config ${digest} ` +
      "does not lie beside it",
  );
}

function hexOf(digest: string): string {
  return digest.replace("sha256:", "");
}

/** The files, with the manifests where their digests say. */
function blobsBeside(files: SourceFiles, { digest }: Descriptor): SourceFiles {
  return {
    ...files,
    async find(name) {
      if (name === hexOf(digest)) return files.find(manifestFile);
      return (await files.find(name)) ?? (await files.find(`${name}.manifest.json`));
    },
  };
}
