// Decides which names the images of a source get in the graph.
import { defaultTag, formatImageName, parseImageName, quote, StevedoreError } from "../../terms/index.js";
import type { SourceImage } from "./source-image.js";

/** A tag without a repository. Some tools write that where others write a whole name. */
const bareTag = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** The names that a source gives an image: whole names, and tags without a repository. */
export interface GivenNames {
  readonly whole: readonly string[];
  readonly tags: readonly string[];
}

/** Sorts names into whole names and tags. A digest behind a name, by which the image was once fetched, is cut off. */
export function readNames(texts: readonly string[]): GivenNames {
  const named = new Set(texts.map((text) => text.split("@", 1)[0] ?? "").filter((text) => text !== ""));
  const isTag = (text: string) => bareTag.test(text);
  return { whole: [...named].filter((text) => !isTag(text)), tags: [...named].filter(isTag) };
}

/** Shortens a name as Docker does (distribution/reference, normalize.go): without `docker.io/` and `library/`. */
function familiar(text: string): string {
  const { repository, tag } = parseImageName(text);
  const path = repository.replace(/^(?:index\.)?docker\.io\//, "");
  const isShort = path === repository || !/^library\/[^/]+$/.test(path);
  return formatImageName({ repository: isShort ? path : path.replace("library/", ""), tag });
}

/**
 * Decides the names of each image, in the order of the images. Without `name` an image keeps its own names. If `name`
 * is a repository, an image keeps its tags, and a single image without tags gets `latest`. If `name` has a tag, it is
 * the name of the single image.
 * @throws `INVALID_NAME`; `INVALID_JOB` for one name and several images
 */
export function decideNames(given: readonly GivenNames[], name: string | undefined): string[][] {
  if (name === undefined) return given.map(({ whole }) => [...new Set(whole.map(familiar))]);
  const { repository } = parseImageName(name);
  if (name === repository) {
    const withTag = (tag: string) => formatImageName(parseImageName(`${repository}:${tag}`));
    return given.map((names) => tagsOf(names, given.length === 1).map(withTag));
  }
  if (given.length === 1) return [[name]];
  throw new StevedoreError(
    "INVALID_JOB",
    `${quote(name)} is the name of one image, but the source has ${given.length}: leave out the tag`,
  );
}

function tagsOf({ whole, tags }: GivenNames, isOnly: boolean): string[] {
  const own = whole.map((text) => /:([^/:]*)$/.exec(text)?.[1] ?? defaultTag);
  const all = new Set([...own, ...tags]);
  return all.size === 0 && isOnly ? [defaultTag] : [...all];
}

/**
 * Returns the names of all images, with the ids that they mean.
 * @throws `BAD_ARCHIVE` if two images have the same name
 */
export function namesOf(images: readonly SourceImage[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { id, names: own } of images) {
    for (const name of own) {
      const other = names.get(name);
      if (other !== undefined && other !== id) {
        throw new StevedoreError("BAD_ARCHIVE", `the name ${name} stands for two images: ${other} and ${id}`);
      }
      names.set(name, id);
    }
  }
  return names;
}
