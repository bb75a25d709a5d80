// The command line: parses the arguments and runs the command that they name, of which alone is loaded what it needs.
import { CommanderError } from "commander";
import { commandNames, commandsNamed, makeProgram } from "./program.js";
import { errorDocument, exitCodes } from "./run-command.js";

/** How long a shell waits for the words that complete a line, in ms: what is not known by then is not offered. */
const completionTime = 1_000;

/**
 * Runs the command that the arguments name, and sets the process's exit code.
 * @param argv the process's arguments, node and script included
 */
export async function runCommandLine(argv: readonly string[], version: string): Promise<void> {
  // The reader of the output may leave (`stevedore images | head`): the work goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const words = argv.slice(2);
  if (words[0] === "__complete") return completeLine(version, words.slice(1));
  const asked = commandsNamed(words);
  const program = await makeProgram(version, asked.length > 0 ? asked : commandNames);

  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Exit code 0 is for help and version; anything else that the parser throws is wrong usage.
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
    if (error.exitCode !== 0 && argv.includes("--json")) {
      // Without a command the parser has printed the help, and has no message of its own.
      const message =
        error.code === "commander.help" ? "name a command" : error.message.replace(/^error: /, "");
      process.stdout.write(`${JSON.stringify(errorDocument("INVALID_OPTION", message))}\n`);
    }
  }
}

/** Answers the script of a shell, see `stevedore completion`. */
async function completeLine(version: string, words: readonly string[]): Promise<void> {
  const { complete } = await import("./completion/index.js");
  const asked = commandsNamed(words.slice(0, -1));
  const program = await makeProgram(version, asked.length > 0 ? asked : commandNames);
  const late = new Promise<string>((resolve) => setTimeout(resolve, completionTime, "words\n"));
  const text = await Promise.race([complete(program, words), late]);
  // What still waits for an answer is not waited for.
  process.stdout.write(text, () => process.exit(exitCodes.done));
}
