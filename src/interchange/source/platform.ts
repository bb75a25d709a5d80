// Reads platforms, written `os/architecture[/variant]`, and chooses the image that fits one best.
import { quote, StevedoreError } from "../../terms/index.js";
import type { Platform } from "../formats/index.js";

/** An image to choose from. */
export interface Candidate {
  /** Undefined if the source does not tell it. */
  readonly platform: Platform | undefined;
}

/** The names of processors in images, which are those of Go (image-spec, image-index.md), where Node has others. */
const architectures: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "386",
  ppc64: "ppc64le",
  mipsel: "mipsle",
};

/** Returns the platform of this host. */
export function hostPlatform(): Platform {
  return { os: process.platform, architecture: architectures[process.arch] ?? process.arch };
}

/** Reads a platform. @throws `INVALID_JOB` if the text is not one */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...rest] = text.split("/");
  if (os && architecture && variant !== "" && rest.length === 0) {
    return { os, architecture, ...(variant === undefined ? {} : { variant }) };
  }
  throw new StevedoreError(
    "INVALID_JOB",
    `${quote(text)} is not a valid platform: write os/architecture or os/architecture/variant, such as linux/arm64`,
  );
}

/** Writes a platform. */
function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join("/");
}

/**
 * Returns the candidates that fit the platform best. A processor also runs images for its older variants; the newest of
 * these is best. There are several if the source has several equally good images.
 */
export function bestFor<Choice extends Candidate>(
  candidates: readonly Choice[],
  wanted: Platform,
): readonly Choice[] {
  let best = Number.NEGATIVE_INFINITY;
  let chosen: Choice[] = [];
  for (const candidate of candidates) {
    const rank = rankOf(candidate.platform, wanted);
    if (rank === undefined || rank < best) continue;
    if (rank > best) chosen = [];
    best = rank;
    chosen.push(candidate);
  }
  return chosen;
}

/** Makes the error for a platform that no image has. */
export function noSuchPlatform(candidates: readonly Candidate[], wanted: Platform): StevedoreError {
  const there = candidates.map(({ platform }) =>
    platform === undefined ? "unknown" : formatPlatform(platform),
  );
  const shown = [...new Set(there)].sort();
  const more = shown.length > 20 ? ` and ${shown.length - 20} more` : "";
  return new StevedoreError(
    "SOURCE_NOT_FOUND",
    `there is no image for ${formatPlatform(wanted)}: the images are for ${shown.slice(0, 20).join(", ")}${more}`,
  );
}

/** Ranks a platform by how well it fits the wanted one; undefined if it does not. */
function rankOf(platform: Platform | undefined, wanted: Platform): number | undefined {
  if (platform?.os !== wanted.os || platform.architecture !== wanted.architecture) return undefined;
  const [has, wants] = [variantOf(platform), variantOf(wanted)];
  if (has === wants) return 0;
  const [older, newer] = [has, wants].map((variant) => /^v([0-9]{1,2})$/.exec(variant)?.[1]);
  if (older === undefined || newer === undefined) return undefined;
  const behind = Number(newer) - Number(older);
  return behind >= 0 ? -behind : undefined;
}

/** Returns the variant, or the one that a platform without a variant means (containerd's platforms/database.go). */
function variantOf({ architecture, variant }: Platform): string {
  if (variant) return variant;
  return { arm: "v7", arm64: "v8", amd64: "v1" }[architecture] ?? "";
}
