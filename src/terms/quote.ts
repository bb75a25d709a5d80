// How a text of unknown origin is shown in a message.

/** A text in quotes for a message: bounded, and nothing in it that moves a terminal. */
export function quote(text: string): string {
  const shown = JSON.stringify(text.length > 140 ? `${text.slice(0, 140)}...` : text);
  return shown.replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
