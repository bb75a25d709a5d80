// Where an image is in a registry, read, made whole and written as Docker does it (distribution/reference, normalize.go).
import { StevedoreError } from "./error.js";
import { defaultTag, formatImageName, imageNameGrammar, isImageName, parseImageName } from "./image-name.js";
import { quote } from "./quote.js";

/** Where an image is. It has a tag, a digest, or both; then the digest says which image it is. */
export interface RegistryReference {
  /** The registry, with its port if it was given one: `docker.io`, `localhost:5000`, `[::1]:5000`. Its case is kept. */
  readonly host: string;
  /** Such as `library/busybox`. */
  readonly repository: string;
  /** `latest` where neither a tag nor a digest was given. */
  readonly tag: string | undefined;
  /** `sha256:` and 64 lower-case hex characters. */
  readonly digest: string | undefined;
}

/** The registry of what names none, and the name that it had before. */
const defaultHost = "docker.io";
const formerDefaultHost = "index.docker.io";
/** In which Docker's registry has the images that are named by one word. */
const officialPath = "library/";

/** The longest name of a repository with its host, made whole. */
const longestName = 255;

/** The references that there may be. A few of these are none: where the host is no address, or the whole is too long. */
export const registryReferencePattern = new RegExp(
  `^(?=.{1,456}$)${imageNameGrammar}(?:@sha256:[0-9a-f]{64})?$`,
);

/** True for what `parseRegistryReference` reads. */
export function isRegistryReference(text: unknown): text is string {
  return typeof text === "string" && read(text) !== undefined;
}

/**
 * Reads a reference, `[HOST[:PORT]/]PATH[:TAG][@sha256:HEX]`, and makes it whole: `busybox` is
 * `docker.io/library/busybox:latest`. The first component is a host if it has a dot or a port, or is `localhost`.
 * @throws `INVALID_NAME` naming the text, quoted
 */
export function parseRegistryReference(text: string): RegistryReference {
  const reference = read(text);
  if (reference === undefined) throw new StevedoreError("INVALID_NAME", invalidRegistryReference(text));
  return reference;
}

/** What to tell of a text that cannot be a reference. */
export function invalidRegistryReference(text: string): string {
  return `${quote(text)} is not a valid reference to an image in a registry: one is [HOST[:PORT]/]PATH[:TAG][@sha256:HEX], such as busybox or example.com:5000/team/web:1.0, with the path in lower case`;
}

/** The key of a registry in Docker's `config.json`. @param host as references name it */
export function dockerConfigKey(host: string): string {
  return host === defaultHost ? "https://index.docker.io/v1/" : host;
}

/** Writes a reference whole, with its host: `docker.io/library/busybox:latest`. */
export function formatRegistryReference({ host, repository, tag, digest }: RegistryReference): string {
  return `${host}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/**
 * The name of the image in a graph, as Docker shows it: `busybox:latest`, `localhost:5000/a/b:1`. Undefined for a
 * reference without a tag.
 */
export function familiarName(reference: RegistryReference): string | undefined {
  if (reference.tag === undefined) return undefined;
  return formatImageName({ repository: familiarRepository(reference), tag: reference.tag });
}

function read(text: string): RegistryReference | undefined {
  if (!registryReferencePattern.test(text)) return undefined;
  const at = text.indexOf("@");
  const name = at < 0 ? text : text.slice(0, at);
  if (!isImageName(name)) return undefined;
  const { repository: path, tag } = parseImageName(name);
  const { host, repository } = splitHost(path);
  if (`${host}/${repository}`.length > longestName || !URL.canParse(`https://${host}`)) return undefined;
  const hasTag = path.length < name.length;
  const reference = {
    host,
    repository,
    tag: hasTag || at < 0 ? tag : undefined,
    digest: at < 0 ? undefined : text.slice(at + 1),
  };
  // The image is given this name when it is pulled.
  return isImageName(`${familiarRepository(reference)}:${defaultTag}`) ? reference : undefined;
}

/** Tells the registry from the path, and says where Docker's own registry has it. */
function splitHost(path: string): Pick<RegistryReference, "host" | "repository"> {
  const slash = path.indexOf("/");
  const hasHost = slash > 0 && isHost(path.slice(0, slash));
  const given = hasHost ? path.slice(0, slash) : defaultHost;
  const rest = hasHost ? path.slice(slash + 1) : path;
  const host = given === formerDefaultHost ? defaultHost : given;
  return { host, repository: host === defaultHost && !rest.includes("/") ? officialPath + rest : rest };
}

/** True for a first component that is a host and no part of the path. */
function isHost(component: string): boolean {
  return /[.:]/.test(component) || component === "localhost";
}

function familiarRepository({ host, repository }: Pick<RegistryReference, "host" | "repository">): string {
  if (host !== defaultHost) return `${host}/${repository}`;
  const [first, second, ...more] = repository.split("/");
  if (`${first}/` === officialPath && second !== undefined && more.length === 0) return second;
  // Its first component alone would be taken for a host.
  return first !== undefined && isHost(first) ? `${host}/${repository}` : repository;
}
