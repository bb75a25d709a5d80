// The content of Docker 0.3's file `repositories`, `{"Repositories":{"<repository>":{"<tag>":"<id>"}}}` (TagStore in
// tags.go): read strictly, changed, and written as encoding/json of Go does, in the order of the names.
import { formatImageName, type ImageName } from "../../terms/index.js";

/** What the file holds. Names that no new one may be are kept too, and so are fields that are not Docker's. */
export interface Repositories {
  /** The ids by repository and tag. */
  readonly byRepository: Map<string, Map<string, string>>;
  /** The other fields of the file, in their order. */
  readonly otherFields: ReadonlyMap<string, unknown>;
}

const field = "Repositories";
/** A byte order mark is not valid JSON, so it is not skipped. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a root without the file has. */
export function noRepositories(): Repositories {
  return { byRepository: new Map(), otherFields: new Map() };
}

/** Reads the file's content; undefined if it is damaged: then nothing of it can be relied on. */
export function parseRepositories(bytes: Buffer): Repositories | undefined {
  let content: unknown;
  try {
    content = JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
  const fields = entriesOf(content);
  // Go writes null for a map that was never made.
  const repositories = entriesOf(fields?.get(field) ?? {});
  if (fields === undefined || repositories === undefined) return undefined;
  const byRepository = new Map<string, Map<string, string>>();
  for (const [repository, value] of repositories) {
    const tags = entriesOf(value ?? {});
    if (tags === undefined || [...tags.values()].some((id) => typeof id !== "string")) return undefined;
    byRepository.set(repository, tags as Map<string, string>);
  }
  fields.delete(field);
  return { byRepository, otherFields: fields };
}

/** The file's content: Docker's field, sorted as Go sorts it, then the others. */
export function formatRepositories({ byRepository, otherFields }: Repositories): string {
  const repositories = new Map(
    inOrder(byRepository).map(([repository, tags]) => [
      repository,
      formatObject(new Map(inOrder(tags).map(([tag, id]) => [tag, JSON.stringify(id)]))),
    ]),
  );
  const others = [...otherFields].map(([name, value]) => [name, JSON.stringify(value)] as const);
  return formatObject(new Map([[field, formatObject(repositories)], ...others]));
}

/** Every name with the id it stands for, in the order of the names. */
export function namesOf({ byRepository }: Repositories): Map<string, string> {
  const names = [...byRepository].flatMap(([repository, tags]) =>
    [...tags].map(([tag, id]) => [formatImageName({ repository, tag }), id] as const),
  );
  return new Map(inOrder(names));
}

/** Makes a name stand for an image; returns what it stood for. */
export function putName(
  { byRepository }: Repositories,
  { repository, tag }: ImageName,
  id: string,
): string | undefined {
  const tags = byRepository.get(repository) ?? new Map<string, string>();
  const previous = tags.get(tag);
  byRepository.set(repository, tags.set(tag, id));
  return previous;
}

/** Takes names out, and the repositories that have none left; returns what they stood for. */
export function removeNames({ byRepository }: Repositories, names: ReadonlySet<string>): Map<string, string> {
  const removed = new Map<string, string>();
  for (const [repository, tags] of byRepository) {
    for (const [tag, id] of tags) {
      const name = formatImageName({ repository, tag });
      if (!names.has(name)) continue;
      removed.set(name, id);
      tags.delete(tag);
    }
    if (tags.size === 0) byRepository.delete(repository);
  }
  return removed;
}

function entriesOf(value: unknown): Map<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}

function inOrder<T>(entries: Iterable<readonly [string, T]>): (readonly [string, T])[] {
  return [...entries].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Written by hand: an object would put a name that is a number first. */
function formatObject(members: ReadonlyMap<string, string>): string {
  return `{${[...members].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}
