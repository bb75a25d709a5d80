// What the images of a source are called in the graph.
import { StevedoreError } from "../../error.js";
import { quote } from "../../graph/id.js";
import { formatImageName, parseImageName } from "../../graph/index.js";
import type { SourceImage } from "./source-image.js";

/** A tag alone, as some tools write it where others write a whole name. */
const bareTag = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** The names of images before anybody asked for another: whole ones, and tags that have no repository yet. */
export interface GivenNames {
  readonly whole: readonly string[];
  readonly tags: readonly string[];
}

/**
 * Reads names as they stand in a source. One that only says by which digest the image was once fetched is none.
 * @throws `INVALID_NAME`
 */
export function readNames(texts: readonly string[]): GivenNames {
  const named = texts.map((text) => text.split("@", 1)[0] ?? "").filter((text) => text !== "");
  const isTag = (text: string) => bareTag.test(text);
  const whole = named.filter((text) => !isTag(text)).map(familiar);
  return { whole: [...new Set(whole)], tags: [...new Set(named.filter(isTag))] };
}

/** A name as Docker shows it (distribution/reference, normalize.go): others write its own registry and namespace out. */
function familiar(text: string): string {
  const { repository, tag } = parseImageName(text);
  const path = repository.replace(/^(?:index\.)?docker\.io\//, "");
  const isShort = path === repository || !/^library\/[^/]+$/.test(path);
  return formatImageName({ repository: isShort ? path : path.replace("library/", ""), tag });
}

/**
 * The names of each image, in their order: its own, or by `name` others. With a repository alone their tags stay, and
 * the only image gets `latest` if it has none; with a tag it is the name of the only image.
 * @throws `INVALID_NAME`; `INVALID_JOB` for one name and several images
 */
export function decideNames(given: readonly GivenNames[], name: string | undefined): string[][] {
  if (name === undefined) return given.map(({ whole }) => [...whole]);
  const { repository } = parseImageName(name);
  const isWhole = name !== repository;
  if (isWhole && given.length !== 1) {
    throw new StevedoreError(
      "INVALID_JOB",
      `${quote(name)} is the name of one image, but the source has ${given.length}: leave out the tag`,
    );
  }
  if (isWhole) return [[name]];
  return given.map(({ whole, tags }) => {
    const own = [...whole.map((one) => parseImageName(one).tag), ...tags];
    const all = own.length === 0 && given.length === 1 ? ["latest"] : own;
    return [...new Set(all)].map((one) => formatImageName({ repository, tag: one }));
  });
}

/** The names of all images with the ids they stand for. @throws `BAD_ARCHIVE` for one that two images have */
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
