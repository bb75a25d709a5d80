// Asks before something is done that cannot be undone: on a terminal, where somebody can answer.
import { Option } from "commander";
import { StevedoreError } from "../../terms/index.js";
import type { CommandContext } from "../run-command.js";
import { formatText } from "../terminal/index.js";
import { ask } from "./ask.js";

/** Of commands that ask. */
export interface YesFlag {
  readonly yes?: boolean | undefined;
}

/** `-y`, `--yes` */
export const yesOption = new Option("-y, --yes", "do not ask; without a terminal nothing is asked");

/** True if there is somebody to ask: where stdin or stderr is something else, scripts go on as they did. */
export function asks({ yes = false }: YesFlag): boolean {
  return !yes && process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Asks whether to go on, if there is somebody to ask. Anything but a yes is a no.
 * @param question gives what is to be done and to how much, without its question mark; undefined needs no question. It is
 * called only if it is asked
 * @param refused what to say after a no
 * @throws `CANCELLED` after a no, Ctrl-D or Ctrl-C
 */
export async function confirm(
  { signal, warn }: Pick<CommandContext, "signal" | "warn">,
  flags: YesFlag,
  question: () => Promise<string | undefined>,
  refused = "nothing was deleted",
): Promise<void> {
  if (!asks(flags)) return;
  const text = await question();
  if (text === undefined) return;
  let answer = "";
  try {
    answer = await ask(`${formatText(text)}? [y/N] `, signal);
  } catch (error) {
    if (!signal.aborted) throw new StevedoreError("CANCELLED", refused, { cause: error });
    warn(refused);
    throw error;
  }
  if (!/^y(es)?$/i.test(answer.trim())) throw new StevedoreError("CANCELLED", refused);
}
