// What the name of an image is, `repository:tag`, and how one is read and written.
import { StevedoreError } from "./error.js";
import { imageIdPattern } from "./image-id.js";
import { quote } from "./quote.js";

/** A name in its two parts, such as `registry.example.com:5000/library/busybox` and `1.0`. */
export interface ImageName {
  readonly repository: string;
  readonly tag: string;
}

/** The tag of a name that is given without one. */
export const defaultTag = "latest";

// The grammar of distribution/reference (reference.go, `reference = name [":" tag]`). Docker 0.3 takes whatever has no
// ":" in the repository, and neither "/" nor ":" in the tag (tags.go): of these names it reads all, but cannot look one
// up that has a port.
const label = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
// Without a dot or a port it would be a component of the path, in lower case as all of them.
const host = `(?:${label}(?:\\.${label})+(?::[0-9]+)?|${label}:[0-9]+|\\[[A-Fa-f0-9:]+\\](?::[0-9]+)?)`;
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
/** `[HOST[:PORT]/]PATH[:TAG]`, of any length. */
export const imageNameGrammar = `(?:${host}/)?${component}(?:/${component})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?`;
/** Of the repository, in characters; with the tag, 384. It comes first: what is too long is not looked at. */
const length = "(?=.{1,255}$|.{1,255}:[^/:]{1,128}$)";
/** As a repository this would be taken for an id. */
const noWholeId = "(?![0-9a-f]{64}$|[0-9a-f]{64}:[^/]*$)";

/** The names that a new one may be, with or without a tag. */
export const imageNamePattern = new RegExp(`^${length}${noWholeId}${imageNameGrammar}$`);

/** What can be the id of an image, or the name of one. */
export const imageReferencePattern = new RegExp(`${imageIdPattern.source}|${imageNamePattern.source}`);

/** True for what a new name may be, with or without a tag. */
export function isImageName(text: unknown): text is string {
  return typeof text === "string" && imageNamePattern.test(text);
}

/**
 * Reads a name: `[HOST[:PORT]/]PATH[:TAG]`, the path in lower case; at most 255 characters before the tag, which has
 * at most 128 of `A-Z a-z 0-9 _ . -`. Without a tag it is `latest`.
 * @throws `INVALID_NAME` naming the text, quoted
 */
export function parseImageName(text: string): ImageName {
  if (!isImageName(text)) throw new StevedoreError("INVALID_NAME", invalidName(text));
  // Neither a path nor a tag has a colon: one behind the last slash begins the tag.
  const colon = text.indexOf(":", text.lastIndexOf("/") + 1);
  return colon < 0
    ? { repository: text, tag: defaultTag }
    : { repository: text.slice(0, colon), tag: text.slice(colon + 1) };
}

/** What to tell of a text that cannot be the name of an image. */
export function invalidName(text: string): string {
  return `${quote(text)} is not a valid name for an image: one is [HOST[:PORT]/]PATH[:TAG], such as busybox or example.com/team/web:1.0, with the path in lower case`;
}

/** What to tell of a value that can be neither the id nor the name of an image. */
export function invalidReference(value: unknown): string {
  const shown = typeof value === "string" ? quote(value) : typeof value;
  return `${shown} is neither a valid image id, of 1 to 128 of A-Z a-z 0-9 _ . -, nor a valid name such as busybox or example.com/team/web:1.0`;
}

/** Writes a name as it is shown and looked up: `repository:tag`. */
export function formatImageName({ repository, tag }: ImageName): string {
  return `${repository}:${tag}`;
}
