// The images that a source offers, and which of them are meant.
import type { ImageConfig, Platform } from "../formats/index.js";
import type { GivenNames } from "./names.js";
import { bestFor, type Candidate, hostPlatform, noSuchPlatform, parsePlatform } from "./platform.js";
import type { SourceLayer } from "./source-image.js";

/** An image of which no more has been read than was needed to find it. */
export interface LoadableImage {
  /** Images of one group are the same one for several platforms. */
  readonly group: string;
  readonly names: GivenNames;
  platform(): Promise<Platform | undefined>;
  /** Its layers, the base's first. Throws as the reader of the format. */
  layers(): Promise<readonly SourceLayer[]>;
}

/** The platform that a config tells of. */
export function platformOf({
  os,
  architecture,
  variant,
}: Pick<ImageConfig, "os" | "architecture" | "variant">): Platform | undefined {
  return os && architecture ? { os, architecture, variant } : undefined;
}

/**
 * Of each group the image for a platform. Without one that is asked for, a group's only image is taken whatever its
 * platform, and of several the one for this host.
 * @param wanted as `parsePlatform` takes it
 * @throws `SOURCE_NOT_FOUND`, telling the platforms there are, if none is for the platform that was asked for, or if
 * a group has none for this host; `INVALID_JOB`
 */
export async function choosePlatform(
  images: readonly LoadableImage[],
  wanted: string | undefined,
): Promise<LoadableImage[]> {
  const asked = wanted === undefined ? undefined : parsePlatform(wanted);
  const chosen: LoadableImage[] = [];
  const others: Candidate[] = [];
  for (const group of groupsOf(images)) {
    if (asked === undefined && group.length === 1) {
      chosen.push(...group);
      continue;
    }
    const candidates: (Candidate & { readonly image: LoadableImage })[] = [];
    for (const image of group) candidates.push({ image, platform: await image.platform() });
    const best = bestFor(candidates, asked ?? hostPlatform());
    if (best.length === 0 && asked === undefined) throw noSuchPlatform(candidates, hostPlatform());
    chosen.push(...best.map(({ image }) => image));
    if (best.length === 0) others.push(...candidates);
  }
  if (asked !== undefined && chosen.length === 0) throw noSuchPlatform(others, asked);
  return chosen;
}

function groupsOf(images: readonly LoadableImage[]): LoadableImage[][] {
  const groups = new Map<string, LoadableImage[]>();
  for (const image of images) {
    const group = groups.get(image.group);
    if (group === undefined) groups.set(image.group, [image]);
    else group.push(image);
  }
  return [...groups.values()];
}
