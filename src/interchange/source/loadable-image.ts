// The images that a source offers, and the choice among them by platform.
import type { ImageConfig, Platform } from "../formats/index.js";
import type { GivenNames } from "./names.js";
import { bestFor, type Candidate, hostPlatform, noSuchPlatform, parsePlatform } from "./platform.js";
import type { ChainImage } from "./source-image.js";

/** An image that was found, but not read yet. */
export interface LoadableImage {
  /** Images of one group are the same image for different platforms. */
  readonly group: string;
  readonly names: GivenNames;
  /** Reads the platform; undefined if the source does not tell it. Throws as the reader of the format. */
  platform(): Promise<Platform | undefined>;
  /** Reads the list of layers, and the config, base first. Throws as the reader of the format. */
  chain(): Promise<readonly ChainImage[]>;
}

/** Returns the platform that a config names, if it names one. */
export function platformOf({
  os,
  architecture,
  variant,
}: Pick<ImageConfig, "os" | "architecture" | "variant">): Platform | undefined {
  return os && architecture ? { os, architecture, variant } : undefined;
}

/**
 * Chooses from each group the image for a platform. If `wanted` is undefined, a single image is chosen whatever its
 * platform, and among several the one for this host.
 * @param wanted a platform, as `parsePlatform` reads it
 * @throws `SOURCE_NOT_FOUND` naming the platforms of the source, if no image is for the wanted platform, or if a group
 * has none for this host; `INVALID_JOB`
 */
export async function choosePlatform<Image extends LoadableImage>(
  images: readonly Image[],
  wanted: string | undefined,
): Promise<Image[]> {
  const asked = wanted === undefined ? undefined : parsePlatform(wanted);
  const chosen: Image[] = [];
  const others: Candidate[] = [];
  for (const group of groupsOf(images)) {
    if (asked === undefined && group.length === 1) {
      chosen.push(...group);
      continue;
    }
    const candidates: (Candidate & { readonly image: Image })[] = [];
    for (const image of group) candidates.push({ image, platform: await image.platform() });
    const best = bestFor(candidates, asked ?? hostPlatform());
    if (best.length === 0 && asked === undefined) throw noSuchPlatform(candidates, hostPlatform());
    chosen.push(...best.map(({ image }) => image));
    if (best.length === 0) others.push(...candidates);
  }
  if (asked !== undefined && chosen.length === 0) throw noSuchPlatform(others, asked);
  return chosen;
}

function groupsOf<Image extends LoadableImage>(images: readonly Image[]): Image[][] {
  const groups = new Map<string, Image[]>();
  for (const image of images) {
    const group = groups.get(image.group);
    if (group === undefined) groups.set(image.group, [image]);
    else group.push(image);
  }
  return [...groups.values()];
}
