// The command line: global flags, help, and the commands, of which only the one that is asked for is loaded.
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { invalidCallbackUrl, isCallbackUrl, notifyEvents } from "../terms/index.js";
import { commands } from "./commands/index.js";
import { errorDocument, several } from "./run-command.js";
import { colorChoices } from "./terminal/index.js";

/** Exit code for wrong usage. */
const usageExitCode = 2;

/** True for a command that enqueues jobs of its user's: it can leave them to others, or to a schedule. */
function enqueues(command: Command): boolean {
  return command.options.some(({ long }) => long === "--detach" || long === "--cron");
}

function addNotifyFlags(command: Command): void {
  command
    .option("--notify <url>", "POST the job's record there when the job has ended", callbackUrl)
    .option(
      "--notify-events <events>",
      "only of these ends, with commas: completed, failed, cancelled",
      listOfEvents,
    );
}

function callbackUrl(text: string): string {
  if (isCallbackUrl(text)) return text;
  throw new InvalidArgumentError(`${invalidCallbackUrl}.`.replace("it", "It"));
}

function listOfEvents(text: string): string[] {
  const events = text.split(",").map((event) => event.trim());
  if (events.every((event) => notifyEvents.some((known) => known === event))) return events;
  throw new InvalidArgumentError(`It takes ${notifyEvents.join(", ")}.`);
}

/**
 * Runs the command that the arguments name, and sets the process's exit code.
 * @param argv the process's arguments, node and script included
 */
export async function runCommandLine(argv: readonly string[], version: string): Promise<void> {
  // The reader of the output may leave (`stevedore images | head`): the work goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const program = new Command("stevedore")
    .description("Stores, fingerprints and audits image graphs from a queue.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .configureHelp({ showGlobalOptions: true })
    .addOption(
      new Option(
        "--root <dir>",
        "the directory that holds graph/ (default: $STEVEDORE_ROOT or /var/lib/stevedore)",
      ),
    )
    .addOption(
      new Option(
        "--redis <url>",
        "the Redis of the queue: redis://, rediss:// (TLS), redis+cluster://, redis+sentinel:// … (default: $STEVEDORE_REDIS_URL, $REDIS_URL, or one of its own)",
      ),
    )
    .addOption(
      new Option(
        "--graph <name>",
        "the name the graph is served under (default: $STEVEDORE_GRAPH or default)",
      ).argParser(several),
    )
    .option("--json", "print exactly one JSON document on stdout")
    .addOption(
      new Option(
        "--color <when>",
        "auto (on a terminal, as NO_COLOR, FORCE_COLOR and CLICOLOR say), always or never",
      ).choices([...colorChoices]),
    )
    .option("--quiet", "print nothing but the result and errors")
    .option("--verbose", "tell more of what happens, on stderr")
    .showHelpAfterError("(stevedore help tells what there is)")
    .addHelpText(
      "after",
      `
Examples:
  $ stevedore store debian.tar.xz --id base          store an archive as an image
  $ stevedore checksum --all --root /var/lib/docker  fingerprint every image of a graph
  $ stevedore up                                     serve the queue until Ctrl-C`,
    )
    .exitOverride();

  const asked = Object.keys(commands).filter((name) => argv.slice(2).includes(name));
  for (const name of asked.length > 0 ? asked : Object.keys(commands)) {
    (await commands[name]?.())?.declare(program);
  }
  for (const command of program.commands) {
    command.copyInheritedSettings(program);
    if (enqueues(command)) addNotifyFlags(command);
  }

  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Exit code 0 is for help and version; anything else that the parser throws is wrong usage.
    process.exitCode = error.exitCode === 0 ? 0 : usageExitCode;
    if (error.exitCode !== 0 && argv.includes("--json")) {
      // Without a command the parser has printed the help, and has no message of its own.
      const message =
        error.code === "commander.help" ? "name a command" : error.message.replace(/^error: /, "");
      process.stdout.write(`${JSON.stringify(errorDocument("INVALID_OPTION", message))}\n`);
    }
  }
}
