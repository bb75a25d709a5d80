// The program: its global flags, its help, and the commands that it is given. The help, the completion and the man page are
// made from it.
import { Command, InvalidArgumentError, Option } from "commander";
import { invalidCallbackUrl, isCallbackUrl, notifyEvents } from "../terms/index.js";
import { aliases, commands, hints } from "./commands/index.js";
import { environmentVariables, examples, exitCodeLines } from "./help-texts.js";
import { action, several, wrongUsage } from "./run-command.js";
import { colorChoices } from "./terminal/index.js";

/** The names of all commands, in the order of the help. */
export const commandNames: readonly string[] = Object.keys(commands);

/** The commands of which the words name one, by its name or its alias; all for the manual page, which tells of all. */
export function commandsNamed(words: readonly string[]): readonly string[] {
  if (words.includes("man")) return commandNames;
  return commandNames.filter(
    (name) => words.includes(name) || (aliases[name] !== undefined && words.includes(aliases[name])),
  );
}

/** Makes the program with some of its commands, which are loaded for it. */
export async function makeProgram(version: string, names: readonly string[]): Promise<Command> {
  const program = bareProgram(version);
  for (const name of names) (await commands[name]?.())?.declare(program);
  for (const command of program.commands) {
    command.copyInheritedSettings(program);
    if (enqueues(command)) addNotifyFlags(command);
    const alias = aliases[command.name()];
    if (alias !== undefined) command.alias(alias);
  }
  for (const [name, hint] of Object.entries(hints)) addHint(program, name, hint);
  return program;
}

function bareProgram(version: string): Command {
  return new Command("stevedore")
    .description("Stores, fingerprints and audits image graphs from a queue.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .configureHelp({
      showGlobalOptions: true,
      // The aliases stand behind the description, so that the names of the commands are one column.
      subcommandTerm: (command) =>
        `${command.name()} ${command.options.length > 0 ? command.usage() : command.usage().replace("[options] ", "")}`,
      subcommandDescription: (command) =>
        [
          command.summary() || command.description(),
          ...command.aliases().map((alias) => `(also: ${alias})`),
        ].join(" "),
    })
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
${table(examples.map(([line, what]) => [`$ ${line}`, what]))}

Exit codes:
${table(exitCodeLines)}

Environment:
${table(Object.entries(environmentVariables))}`,
    )
    .exitOverride();
}

/** What Docker's users may ask for: no command, but an answer. */
function addHint(program: Command, name: string, hint: string): void {
  program
    .command(name, { hidden: true })
    .description(hint)
    .helpOption(false)
    .allowUnknownOption()
    .argument("[any...]")
    .action(
      action(async () => {
        throw wrongUsage(`there is no command ${name}. ${hint}`);
      }),
    );
}

/** Two columns, as the help sets them. */
function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`).join("\n");
}

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
