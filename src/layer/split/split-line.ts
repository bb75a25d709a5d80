// One line of a tar-split, as github.com/vbatts/tar-split writes it in Go: bytes of the archive as they are, or a file of
// the layer whose content stands at that place. Names are latin1 strings here, one character per byte.
import { isUtf8 } from "node:buffer";
import { StevedoreError } from "../../terms/index.js";

/** A part of the archive. */
export type SplitPart =
  | { readonly kind: "segment"; readonly bytes: Buffer }
  | {
      readonly kind: "file";
      readonly name: string;
      readonly size: number;
      /** The 8 bytes of its CRC-64; not given for a file without content. */
      readonly crc: Buffer | undefined;
    };

const fileType = 1;
const segmentType = 2;
const crcBytes = 8;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The line of a part, with its line feed: its bytes as a latin1 string.
 * @param position how many lines stand before it
 */
export function formatSplitLine(part: SplitPart, position: number): string {
  if (part.kind === "segment") {
    // There is nothing to escape, and a segment may be large.
    return `{"type":${segmentType},"payload":"${part.bytes.toString("base64")}","position":${position}}\n`;
  }
  const { name, size, crc } = part;
  const bytes = Buffer.from(name, "latin1");
  const fields = {
    type: fileType,
    ...(isUtf8(bytes) ? { name: bytes.toString() } : { name_raw: bytes.toString("base64") }),
    ...(size === 0 ? {} : { size }),
    payload: crc?.toString("base64") ?? null,
    position,
  };
  const text = JSON.stringify(fields).replace(/[<>&\u2028\u2029]/g, escaped);
  return `${Buffer.from(text).toString("latin1")}\n`;
}

/** As Go's encoder escapes what HTML or JavaScript would misread. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * Reads a line, with whatever further fields it has.
 * @param line its bytes as a latin1 string
 * @throws `IMAGE_BROKEN`
 */
export function parseSplitLine(line: string): SplitPart {
  const fields = parseObject(line);
  const { type, payload } = fields;
  if (type === segmentType) return { kind: "segment", bytes: decode(payload ?? "") };
  if (type !== fileType) throw brokenSplit("a line is of an unknown type");
  const { size = 0 } = fields;
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    throw brokenSplit("a size is not a valid number of bytes");
  }
  const name = nameOf(fields);
  if (size === 0) return { kind: "file", name, size: 0, crc: undefined };
  const crc = decode(payload);
  if (crc.length !== crcBytes) throw brokenSplit("a checksum is not of 8 bytes");
  return { kind: "file", name, size: size as number, crc };
}

function parseObject(line: string): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(Buffer.from(line, "latin1").toString());
    if (typeof document === "object" && document !== null) return document as Record<string, unknown>;
  } catch {
    // Thrown below.
  }
  throw brokenSplit("a line is not a valid JSON object");
}

/** `name_raw` wins, as in Go. */
function nameOf({ name = "", name_raw: raw }: Record<string, unknown>): string {
  if (raw !== undefined && raw !== null && raw !== "") return decode(raw).toString("latin1");
  if (typeof name !== "string") throw brokenSplit("a name is not a string");
  return Buffer.from(name).toString("latin1");
}

function decode(text: unknown): Buffer {
  if (typeof text !== "string" || !base64.test(text)) throw brokenSplit("a line holds no valid base64");
  return Buffer.from(text, "base64");
}

/** The error for a tar-split that no writer of them would have written. */
export function brokenSplit(why: string, cause?: unknown): StevedoreError {
  return new StevedoreError("IMAGE_BROKEN", `the tar-split of a layer is damaged: ${why}`, { cause });
}
