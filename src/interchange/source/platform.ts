// Which image of several is meant: the one for a platform, written `os/architecture[/variant]`.

import { quote } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { Platform } from "../formats/index.js";

/** An image that may be chosen. */
export interface Candidate {
  /** Undefined where the source does not tell. */
  readonly platform: Platform | undefined;
}

/** Node's names of processors, and those of Go that images use (image-spec, image-index.md). */
const architectures: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "386",
  ppc64: "ppc64le",
  mipsel: "mipsle",
};

/** The platform of this host. */
export function hostPlatform(): Platform {
  return { os: process.platform, architecture: architectures[process.arch] ?? process.arch };
}

/** Reads a platform. @throws `INVALID_JOB` */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...rest] = text.split("/");
  if (os && architecture && variant !== "" && rest.length === 0) {
    return { os, architecture, ...(variant === undefined ? {} : { variant }) };
  }
  throw new StevedoreError(
    "INVALID_JOB",
    `${quote(text)} is no platform: it takes os/architecture or os/architecture/variant, such as linux/arm64`,
  );
}

/** Writes a platform. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join("/");
}

/**
 * Those of the candidates that are for the platform, the best of them: a processor also runs what was built for an
 * older variant of it. Several are equally good if the source has several such images.
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

/** The error for a platform that none of the images is for. */
export function noSuchPlatform(candidates: readonly Candidate[], wanted: Platform): StevedoreError {
  const there = candidates.map(({ platform }) =>
    platform === undefined ? "unknown" : formatPlatform(platform),
  );
  const shown = [...new Set(there)].sort();
  const more = shown.length > 20 ? ` and ${shown.length - 20} more` : "";
  return new StevedoreError(
    "SOURCE_NOT_FOUND",
    `there is no image for ${formatPlatform(wanted)}: those there are for ${shown.slice(0, 20).join(", ")}${more}`,
  );
}

/** How good a platform is for another; undefined if it is not. */
function rankOf(platform: Platform | undefined, wanted: Platform): number | undefined {
  if (platform?.os !== wanted.os || platform.architecture !== wanted.architecture) return undefined;
  const [has, wants] = [variantOf(platform), variantOf(wanted)];
  if (has === wants) return 0;
  const [older, newer] = [has, wants].map((variant) => /^v([0-9]{1,2})$/.exec(variant)?.[1]);
  if (older === undefined || newer === undefined) return undefined;
  const behind = Number(newer) - Number(older);
  return behind >= 0 ? -behind : undefined;
}

/** What a platform without a variant means (containerd's platforms/database.go). */
function variantOf({ architecture, variant }: Platform): string {
  if (variant) return variant;
  return { arm: "v7", arm64: "v8", amd64: "v1" }[architecture] ?? "";
}
