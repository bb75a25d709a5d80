// Reads a list of checksums: the lines that `stevedore checksum` prints, or its document of `--json`.
import { imageReferencePattern, isRecipe, type RecipeName } from "../../../terms/index.js";

/** What a list says of one image. */
export interface ListedChecksum {
  /** Where it stands: the number of its line, or its place in the document, from 1. */
  readonly line: number;
  /** The image as the list names it. */
  readonly reference: string;
  /** `sha256:` and 64 hex digits in lower case. */
  readonly checksum: string;
  /** Undefined in lines of text, which do not tell it. */
  readonly recipe?: RecipeName;
}

interface ChecksumList {
  readonly listed: readonly ListedChecksum[];
  /** The numbers of the lines, or entries, that are none. */
  readonly malformed: readonly number[];
}

const hexDigest = "(?:sha256:)?(?<digest>[0-9a-fA-F]{64})";
/** sha256sum's own form: a blank, then a blank or the asterisk of its binary mode. */
const linePattern = new RegExp(`^${hexDigest} [ *](?<reference>\\S+)$`);
const digestPattern = new RegExp(`^${hexDigest}$`);

/** Reads a list. Comments and empty lines are passed over, carriage returns at the ends of lines too. */
export function readChecksumList(text: string): ChecksumList {
  return documentOf(text) ?? linesOf(text);
}

function linesOf(text: string): ChecksumList {
  const listed: ListedChecksum[] = [];
  const malformed: number[] = [];
  for (const [at, raw] of text
    .replace(/^\ufeff/, "")
    .split("\n")
    .entries()) {
    const content = raw.replace(/\r$/, "");
    if (content === "" || content.startsWith("#")) continue;
    const { digest = "", reference = "" } = linePattern.exec(content)?.groups ?? {};
    if (!imageReferencePattern.test(reference)) malformed.push(at + 1);
    else listed.push({ line: at + 1, reference, checksum: `sha256:${digest.toLowerCase()}` });
  }
  return { listed, malformed };
}

/** Undefined for what is not such a document. */
function documentOf(text: string): ChecksumList | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { checksums } = document as { readonly checksums?: unknown };
  if (!Array.isArray(checksums)) return undefined;
  const listed: ListedChecksum[] = [];
  const malformed: number[] = [];
  for (const [at, entry] of checksums.entries()) {
    const read = readEntry(at + 1, entry);
    if (read === undefined) malformed.push(at + 1);
    else listed.push(read);
  }
  return { listed, malformed };
}

function readEntry(line: number, entry: unknown): ListedChecksum | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const { id, checksum, recipe } = entry as Readonly<Record<string, unknown>>;
  if (typeof id !== "string" || !imageReferencePattern.test(id)) return undefined;
  const { digest } = digestPattern.exec(typeof checksum === "string" ? checksum : "")?.groups ?? {};
  if (digest === undefined || typeof recipe !== "string" || !isRecipe(recipe)) return undefined;
  return { line, reference: id, checksum: `sha256:${digest.toLowerCase()}`, recipe };
}
