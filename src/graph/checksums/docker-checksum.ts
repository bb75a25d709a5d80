// The checksum of an image by Docker 0.3's recipe, which Docker's dictionary may have and the image's own file lack.
import { dockerRecipe } from "../../terms/index.js";
import { imageExists, imagePaths } from "../image.js";
import type { KnownChecksum } from "./checksums-dictionary.js";
import { readChecksums, type StoredChecksum } from "./stored-checksums.js";

/** What an image's own files say of its checksum by Docker's recipe. */
export async function knownDockerChecksum(graphDirectory: string, id: string): Promise<KnownChecksum> {
  if (!(await imageExists(graphDirectory, id))) return "gone";
  const stored = readChecksums(imagePaths(graphDirectory, id).directory);
  return stored[dockerRecipe] ?? "unknown";
}

/** A checksum that Docker's dictionary has: of those nothing else is known. */
export function fromDictionary(checksum: string): StoredChecksum {
  return { checksum, tarDigest: null, layerBytes: null, archiveBytes: null, computedAt: null };
}
