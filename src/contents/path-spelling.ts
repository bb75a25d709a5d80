// How paths are written as text. Names are bytes in no particular encoding, and may hold what moves a terminal.
import { childPath } from "../layer/index.js";

const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\\ufffd]/u;

/**
 * Writes bytes as text that anybody can read, and `readSpelling` can read back: as UTF-8, with a backslash as `\\`, and
 * as `\xHH` each byte that is not valid UTF-8 or is of a character that nobody sees.
 * @param bytes a latin1 string, one character per byte
 */
export function spell(bytes: string): string {
  if (/^[\x20-\x5b\x5d-\x7e]*$/.test(bytes)) return bytes;
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    const piece = bytes.slice(at, at + Math.max(1, length));
    const character = length === 0 ? "" : Buffer.from(piece, "latin1").toString("utf8");
    if (piece === "\\") text += "\\\\";
    else if (length > 0 && !unseen.test(character)) text += character;
    else for (const byte of piece) text += `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
    at += piece.length;
  }
  return text;
}

/** Writes the path of an entry, `""` for the root: `/etc/passwd`. */
export function spellPath(path: string): string {
  return `/${spell(path)}`;
}

/** A path in quotes for a message, bounded. */
export function quotePath(path: string): string {
  const shown = spellPath(path);
  return `"${shown.length > longest ? `${shown.slice(0, longest)}...` : shown}"`;
}

/** The characters of a path that a message shows. */
const longest = 200;

/**
 * Reads what `spell` wrote, as a latin1 string. A backslash that begins neither `\\` nor `\xHH` stands for itself, so
 * that names can be typed as they are.
 */
export function readSpelling(text: string): string {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  return bytes.replaceAll(/\\(?:\\|x([0-9a-fA-F]{2}))/g, (_, hex?: string) =>
    hex === undefined ? "\\" : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** The path of a name in a directory, both of them latin1 strings. */
export const pathIn = childPath;

/** How many bytes the character at a place takes in valid UTF-8 (RFC 3629); 0 where there is none. */
function characterLength(bytes: string, at: number): number {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first <= 0xdf
      ? 2
      : first >= 0xe0 && first <= 0xef
        ? 3
        : first >= 0xf0 && first <= 0xf4
          ? 4
          : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const read = Buffer.from(bytes.slice(at, at + length), "latin1").toString("utf8");
  // What the decoder refuses it replaces.
  return read.includes("\ufffd") && bytes.slice(at, at + length) !== "\xef\xbf\xbd" ? 0 : length;
}
