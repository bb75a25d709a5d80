// Asks a user on the terminal, on stderr: stdout is for results.
import { createInterface } from "node:readline/promises";
import type { ReadStream } from "node:tty";
import { StevedoreError } from "../../terms/index.js";

/** Asks for a line. @throws `CANCELLED` when the terminal is left, by Ctrl-D, or by Ctrl-C, which is an interrupt */
export async function ask(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const left = new AbortController();
  lines.once("close", () => left.abort());
  // With readline the terminal sends no signal.
  lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return await lines.question(question, { signal: AbortSignal.any([signal, left.signal]) });
  } catch (cause) {
    process.stderr.write("\n");
    throw new StevedoreError("CANCELLED", "interrupted", { cause });
  } finally {
    lines.close();
  }
}

/**
 * Asks for a password, of which nothing is shown.
 * @throws `CANCELLED` for Ctrl-C, Ctrl-D and a terminal that is left
 */
export function askPassword(question: string, stdin: ReadStream, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = "";
    const end = (settle: () => void) => {
      stdin.off("data", take);
      stdin.off("end", leave);
      signal.removeEventListener("abort", leave);
      stdin.setRawMode(false);
      stdin.pause();
      process.stderr.write("\n");
      settle();
    };
    const leave = () => end(() => reject(new StevedoreError("CANCELLED", "interrupted")));
    const take = (text: string) => {
      for (const character of text) {
        if (character === "\r" || character === "\n") return end(() => resolve(typed));
        // In raw mode the terminal sends no signal; the interrupt aborts `signal`.
        if (character === "\u0003") return void process.kill(process.pid, "SIGINT");
        if (character === "\u0004" && typed === "") return leave();
        // Backspace, and Ctrl-U, which takes all back.
        if (character === "\u007f" || character === "\b") typed = [...typed].slice(0, -1).join("");
        else if (character === "\u0015") typed = "";
        else if (character >= " ") typed += character;
      }
    };
    // Before the question stands there: what is typed next must not be seen.
    stdin.setRawMode(true);
    stdin.setEncoding("utf8");
    stdin.on("data", take);
    stdin.on("end", leave);
    signal.addEventListener("abort", leave, { once: true });
    stdin.resume();
    process.stderr.write(question);
  });
}
