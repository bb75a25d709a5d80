// How a text of unknown origin is shown: in a message, and in a row or a line of a log.

/** The characters of a text that are shown; more tell nothing more. */
const longest = 140;

/** A text in quotes for a message: bounded, and nothing in it that moves a terminal. */
export function quote(text: string): string {
  const shown = JSON.stringify(text.length > longest ? `${text.slice(0, longest)}...` : text);
  return shown.replaceAll(/[^\x20-\x7e]/g, escaped);
}

/**
 * A text without quotes, for a cell or a line: bounded, and on one line. What people write is left as it is.
 * @param most the characters that it may have
 */
export function onOneLine(text: string, most = longest): string {
  const shown = text.length > most ? `${text.slice(0, most)}...` : text;
  // Most texts are of plain letters, which is quicker to see.
  if (/^[\x20-\x7e]*$/.test(shown)) return shown;
  return shown.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, escaped);
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
}
