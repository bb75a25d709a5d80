// Reads a word as a shell hands it to its completion: as it was typed.
import { homedir } from "node:os";

/** The word without its quotes and backslashes, which may be open still, and with a `~/` for the user's own directory. */
export function unquote(word: string): string {
  const home = /^(--[^=]+=)?~(?=\/|$)/.exec(word);
  const typed =
    home === null ? word : `${home[1] ?? ""}${process.env.HOME || homedir()}${word.slice(home[0].length)}`;
  let text = "";
  let quote = "";
  for (let at = 0; at < typed.length; at++) {
    const character = typed[at] as string;
    if (character === quote) quote = "";
    else if (quote === "" && (character === "'" || character === '"')) quote = character;
    else if (character === "\\" && quote !== "'") {
      at += 1;
      text += typed[at] ?? "";
    } else text += character;
  }
  return text;
}
